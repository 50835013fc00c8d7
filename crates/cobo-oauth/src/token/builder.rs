use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cobo_auth::{Clock, SystemClock};
use foldhash::fast::RandomState;
use progenitor_client::ClientInfo as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cobo_clock::CoboClock;
use super::issuer::{Cobo, Issuer};
use super::limits::{LONGEST, LOOK_UPS, Limits, SHORTEST, WAITING};
use super::meter::Meter;
use super::rate::Rate;
use super::shared::{Dice, SWEEP_AT_LEAST, Shared};
use super::source::{Source, TokenSource};
use crate::Client;
use crate::store::{MemoryStore, Owner, TokenStore};

/// Sets up a [`TokenSource`].
///
/// ```
/// # fn example(client: cobo_oauth::Client) {
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
    pub(crate) dice: Dice,
}

fn random() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

impl TokenSourceBuilder {
    pub(crate) fn new(client: Client, client_id: String) -> Self {
        let owner = Owner::new(&*client_id, client.inner().environment());
        Self::with_issuer(Cobo::new(&client, client_id), owner)
    }

    pub(crate) fn with_issuer(issuer: impl Issuer + 'static, owner: Owner) -> Self {
        Self {
            issuer: Box::new(issuer),
            store: Arc::new(MemoryStore::new()),
            owner,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
            dice: Box::new(random),
        }
    }

    /// Where token pairs rest; in memory unless set.
    #[must_use]
    pub fn store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Other clocks than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long the requests of one attempt to get a token may take; 60 s unless set, an hour at
    /// most. A process that dies while it refreshes keeps the others from refreshing the same
    /// organization for a little longer than that, where the store cannot tell that it died.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline.clamp(SHORTEST, LONGEST);
        self
    }

    /// How many tokens are obtained at a time; 96 unless set, one at least. Organizations do not
    /// wait for each other but for this: ten thousand that wake up together must not take all the
    /// connections and files that a process may have. Half of them at most, and no more than 8,
    /// are obtained because of [callbacks](TokenSource::on_installation).
    #[must_use]
    pub fn concurrency(mut self, tokens: usize) -> Self {
        self.limits.concurrency = tokens.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// How long one call of the store may take; 3 s unless set, an hour at most.
    #[must_use]
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.limits.store = timeout.clamp(SHORTEST, LONGEST);
        self
    }

    /// How long refresh tokens live, which Cobo does not say with the token; 30 days unless set.
    #[must_use]
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.limits.refresh_life = life;
        self
    }

    /// For how long a refusal is remembered, at most: callers get it again meanwhile, without a
    /// request; 30 s unless set, an hour at most.
    #[must_use]
    pub fn refusal_memory(mut self, span: Duration) -> Self {
        self.limits.refusal = span.min(LONGEST);
        self
    }

    /// The rate at which [callbacks](TokenSource::on_installation) of organizations that nothing is
    /// stored of make the source ask Cobo for a token: `burst` at once, then one every `interval`;
    /// 20 and 1 s unless set, 1 at least and an hour at most. Anyone can send a callback, so this
    /// limits the requests that made-up ones cause. Calls of the app itself are not limited by it.
    #[must_use]
    pub fn unknown_installation_rate(mut self, interval: Duration, burst: u32) -> Self {
        self.limits.unknown_interval = interval.min(LONGEST);
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
            clock: self.clock,
            turns: Semaphore::new(self.limits.concurrency),
            callbacks: Semaphore::new(self.limits.callbacks()),
            look_ups: Semaphore::new(LOOK_UPS),
            looking: Arc::new(Semaphore::new(WAITING)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            unknown_callbacks: Semaphore::new(self.limits.unknown_callbacks()),
            unknown_waiting: Arc::new(Semaphore::new(WAITING)),
            unknown_rate: Rate::new(self.limits.unknown_interval, self.limits.unknown_burst),
            limits: self.limits,
            store_away: Mutex::default(),
            cobo_clock: CoboClock::default(),
            sweep_at: AtomicUsize::new(SWEEP_AT_LEAST),
            dice: self.dice,
            meter: Meter,
            // Blocking while it grows: a map that grows step by step makes every reader pay.
            organizations: papaya::HashMap::builder()
                .hasher(RandomState::default())
                .resize_mode(papaya::ResizeMode::Blocking)
                .build(),
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
