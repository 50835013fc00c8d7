use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::client::clock::Clock;
use crate::user_info::error::{UserInfoError, UserInfoErrorKind};
use crate::user_info::jwks::{self, JwksError};
use crate::user_info::key_set::KeySet;

/// Keys of this age are fetched again, so that a key that the portal withdrew is not accepted any
/// more. While that fails, they stay in use up to the limit of the verifier.
const REFRESH_AGE: Duration = Duration::from_secs(5 * 60);
/// The time from the start of one fetch to the start of the next. Tokens with invented key ids
/// cannot cause more requests.
pub(super) const MIN_INTERVAL: Duration = Duration::from_secs(10);
/// How long verifications wait for a running fetch if their key is known but old, from the start of
/// the fetch.
const STALE_WAIT: Duration = Duration::from_secs(2);

/// The portal's keys. Clones share them.
#[derive(Clone)]
pub(super) struct KeyCache(Arc<Shared>);

struct Shared {
    http: reqwest::Client,
    url: Url,
    /// Keys of this age are not used.
    max_age: Duration,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// A time by two clocks. On Linux the monotonic clock stops while the machine is suspended; the wall
/// clock may be set back. Each is compared only with itself.
#[derive(Clone, Copy)]
struct Moment {
    monotonic: Instant,
    unix_millis: u64,
}

#[derive(Clone)]
struct Fetch {
    began: Moment,
    /// The channel closes when the fetch ends, also if its task is cancelled.
    running: watch::Receiver<()>,
}

#[derive(Default)]
struct State {
    /// The keys of the last fetch that succeeded, and when it did.
    keys: Option<(Arc<KeySet>, Moment)>,
    last_fetch: Option<Fetch>,
    /// Why the last fetch failed. `Interrupted` while it runs.
    failure: Option<JwksError>,
}

impl KeyCache {
    pub(super) fn new(
        http: reqwest::Client,
        url: Url,
        max_age: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            http,
            url,
            max_age,
            clock,
            state: Mutex::default(),
        }))
    }

    /// Returns keys that include one with this id. Fetches them if they are old or do not include it.
    pub(super) async fn with(&self, id: &str) -> Result<Arc<KeySet>, UserInfoError> {
        let max_age = self.0.max_age;
        let now = self.0.now();
        let known = self.0.lock().with(id, now);
        match known {
            Some((keys, age)) if age < REFRESH_AGE.min(max_age) => return Ok(keys),
            Some((_, age)) if age < max_age => {
                if let Some(fetch) = self.fetch() {
                    // The old keys serve if the fetch fails or takes too long.
                    let _ = timeout_at(fetch.began.monotonic + STALE_WAIT, fetch.ended()).await;
                }
            }
            _ => {
                if let Some(fetch) = self.fetch() {
                    fetch.ended().await;
                }
            }
        }
        let now = self.0.now();
        self.0.lock().find(id, max_age, now)
    }

    /// Joins the running fetch or starts one; `None` if the last one began too recently.
    fn fetch(&self) -> Option<Fetch> {
        let now = self.0.now();
        let mut state = self.0.lock();
        if let Some(last) = &state.last_fetch {
            if last.is_running() {
                return Some(last.clone());
            }
            if now.since(last.began) < MIN_INTERVAL {
                return None;
            }
        }
        let (sender, running) = watch::channel(());
        let fetch = Fetch {
            began: now,
            running,
        };
        state.last_fetch = Some(fetch.clone());
        state.failure = Some(JwksError::Interrupted);
        drop(state);
        let shared = Arc::clone(&self.0);
        // A separate task: the fetch goes on if the caller that started it goes away.
        tokio::spawn(async move {
            let fetched = jwks::fetch(&shared.http, &shared.url).await;
            let fetched = fetched.and_then(|json| KeySet::parse(&json));
            let now = shared.now();
            shared.lock().record(fetched, now);
            drop(sender);
        });
        Some(fetch)
    }
}

impl Moment {
    /// The time since an earlier moment: the longer one of both clocks. A wall clock that was set
    /// back counts as 0.
    fn since(&self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.duration_since(earlier.monotonic);
        let wall = self.unix_millis.saturating_sub(earlier.unix_millis);
        monotonic.max(Duration::from_millis(wall))
    }
}

impl Fetch {
    fn is_running(&self) -> bool {
        self.running.has_changed().is_ok()
    }

    /// Waits until the fetch has ended.
    async fn ended(mut self) {
        // Nothing is ever sent, so this is the error that the channel is closed.
        let _ = self.running.changed().await;
    }
}

impl Shared {
    fn now(&self) -> Moment {
        Moment {
            monotonic: Instant::now(),
            unix_millis: self.clock.unix_millis(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and each change is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The keys and their age, if a key with this id is among them.
    fn with(&self, id: &str, now: Moment) -> Option<(Arc<KeySet>, Duration)> {
        let (keys, fetched) = self.keys.as_ref()?;
        let age = now.since(*fetched);
        keys.has(id).then(|| (Arc::clone(keys), age))
    }

    fn record(&mut self, fetched: Result<KeySet, JwksError>, now: Moment) {
        match fetched {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "fetched the keys of user info tokens");
                self.keys = Some((Arc::new(keys), now));
                self.failure = None;
            }
            Err(error) => {
                let known = self.keys.is_some();
                tracing::warn!(
                    known,
                    "could not fetch the keys of user info tokens: {error}"
                );
                self.failure = Some(error);
            }
        }
    }

    fn find(&self, id: &str, max_age: Duration, now: Moment) -> Result<Arc<KeySet>, UserInfoError> {
        match (self.with(id, now), &self.failure) {
            (Some((keys, age)), _) if age < max_age => Ok(keys),
            (Some(_), failure) => {
                // Keys reach this age only if a fetch failed or was interrupted.
                let failure = failure.clone().unwrap_or(JwksError::Interrupted);
                Err(UserInfoError::keys_too_old(failure))
            }
            // The key may be a new one, in the JWKS that could not be fetched.
            (None, Some(failure)) => Err(UserInfoError::keys_unavailable(failure.clone())),
            (None, None) => Err(UserInfoErrorKind::UnknownKey.into()),
        }
    }
}
