use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cobo_auth::{Clock, SystemClock};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::callback_limits::CallbackLimits;
use super::cobo_clock::CoboClock;
use super::issuer::{Cobo, Issuer};
use super::limits::{Limits, MAX_TIMEOUT, MIN_TIMEOUT};
use super::shared::{Jitter, MIN_SWEEP_SIZE, Shared, Source};
use super::source::TokenSource;
use crate::OAuthClient;
use crate::store::{MemoryStore, Owner, TokenStore};

/// Sets up a [`TokenSource`].
///
/// ```
/// # fn example(client: cobo_oauth::OAuthClient) {
/// use std::time::Duration;
/// use cobo_oauth::{MemoryStore, TokenSource};
///
/// let tokens = TokenSource::builder(client, "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij")
///     .store(MemoryStore::new())
///     .deadline(Duration::from_secs(20))
///     .build();
/// # }
/// ```
pub struct TokenSourceBuilder {
    issuer: Box<dyn Issuer>,
    store: Arc<dyn TokenStore>,
    owner: Owner,
    clock: Arc<dyn Clock>,
    limits: Limits,
    pub(crate) jitter: Jitter,
}

fn random() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

impl TokenSource {
    /// Creates a source that keeps its tokens in memory.
    ///
    /// `client_id` is the app's client id, from Cobo's portal.
    pub fn new(client: OAuthClient, client_id: impl Into<String>) -> Self {
        Self::builder(client, client_id).build()
    }

    /// Starts the setup of a source with more options, for example a store.
    pub fn builder(client: OAuthClient, client_id: impl Into<String>) -> TokenSourceBuilder {
        let client_id = client_id.into();
        let owner = Owner::new(&*client_id, client.as_ref().environment());
        TokenSourceBuilder::with_issuer(Cobo::new(&client, client_id), owner)
    }
}

impl TokenSourceBuilder {
    pub(crate) fn with_issuer(issuer: impl Issuer + 'static, owner: Owner) -> Self {
        Self {
            issuer: Box::new(issuer),
            store: Arc::new(MemoryStore::new()),
            owner,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            jitter: Box::new(random),
        }
    }

    /// Sets the store for token pairs. The default is a [`MemoryStore`](crate::MemoryStore).
    #[must_use]
    pub fn store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sets the clock. The default is the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets how long the requests of one attempt to get a token may take together; the default is
    /// 60 s, the maximum one hour. If a process dies during a refresh and the store cannot detect
    /// that, other processes cannot refresh the same organization for a little longer than this.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline.clamp(MIN_TIMEOUT, MAX_TIMEOUT);
        self
    }

    /// Sets how many tokens are obtained at a time; the default is 96, the minimum 1. This protects
    /// the process's connections and open files when thousands of organizations need a token at
    /// once; organizations do not wait for each other otherwise.
    /// [Callbacks](TokenSource::on_installation) use at most half of it, and at most 8, for known
    /// organizations, and at most half of that for unknown ones.
    #[must_use]
    pub fn concurrency(mut self, tokens: usize) -> Self {
        self.limits.concurrency = tokens.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets how long one store call may take; the default is 3 s, the maximum one hour.
    #[must_use]
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.limits.store = timeout.clamp(MIN_TIMEOUT, MAX_TIMEOUT);
        self
    }

    /// Sets the lifetime of refresh tokens, which Cobo does not send with the token; the default is
    /// 30 days.
    #[must_use]
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.limits.refresh_life = life;
        self
    }

    /// Sets the longest time for which a refusal is cached: callers get the cached error without a
    /// request. The default is 30 s, the maximum one hour.
    #[must_use]
    pub fn refusal_memory(mut self, span: Duration) -> Self {
        self.limits.refusal_memory = span.min(MAX_TIMEOUT);
        self
    }

    /// Limits the `get_token` requests caused by [callbacks](TokenSource::on_installation) of
    /// organizations without a stored token: `burst` at once, then one every `interval`. The
    /// default is 20 and 1 s; the minimum `burst` is 1, the maximum `interval` one hour. Anyone can
    /// send a callback, so this limits the requests that forged callbacks cause. Calls of the app
    /// itself are not limited.
    #[must_use]
    pub fn unknown_installation_rate(mut self, interval: Duration, burst: u32) -> Self {
        self.limits.unknown_interval = interval.min(MAX_TIMEOUT);
        self.limits.unknown_burst = burst.max(1);
        self
    }

    /// Builds the source. Needs no runtime, and sends nothing.
    pub fn build(self) -> TokenSource {
        let stop = CancellationToken::new();
        let shared = Shared {
            issuer: self.issuer,
            store: self.store,
            owner: self.owner,
            store_circuit_open_until: Mutex::default(),
            clock: self.clock,
            cobo_clock: CoboClock::default(),
            jitter: self.jitter,
            permits: Semaphore::new(self.limits.concurrency),
            callbacks: CallbackLimits::new(&self.limits),
            limits: self.limits,
            organizations: papaya::HashMap::new(),
            sweep_size: AtomicUsize::new(MIN_SWEEP_SIZE),
            tasks: TaskTracker::new(),
            stop: stop.clone(),
        };
        TokenSource(Arc::new(Source {
            shared: Arc::new(shared),
            _stop: stop.drop_guard(),
        }))
    }
}

impl fmt::Debug for TokenSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSourceBuilder")
            .field("issuer", &self.issuer)
            .field("store", &self.store)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
