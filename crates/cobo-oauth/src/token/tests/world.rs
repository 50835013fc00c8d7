//! The world around a token source.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cobo_auth::{Clock, Secret};
use serde::Deserialize;
use tokio::time::Instant;

use crate::store::{Lease, MemoryStore, Saved, StoreError, TokenPair, TokenStore};
use crate::token::issuer::{Failure, Fate, Issued, Issuer};
use crate::token::moment::Moment;

/// What the wall clock shows when a test begins, in Unix milliseconds.
pub(super) const BEGIN: u64 = 1_800_000_000_000;

/// Clocks that follow tokio's paused time; the wall clock can be set.
#[derive(Debug, Clone)]
pub(super) struct TestClock {
    begin: Instant,
    set: Arc<AtomicI64>,
}

impl TestClock {
    pub(super) fn new() -> Self {
        Self {
            begin: Instant::now(),
            set: Arc::default(),
        }
    }

    /// Sets the wall clock forward, or back.
    pub(super) fn set(&self, by_millis: i64) {
        self.set.fetch_add(by_millis, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn unix_millis(&self) -> u64 {
        let elapsed = u64::try_from(self.begin.elapsed().as_millis()).unwrap();
        (BEGIN + elapsed)
            .checked_add_signed(self.set.load(Ordering::Relaxed))
            .unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.begin.elapsed()
    }
}

/// What Cobo answers to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Ok,
    /// A pair whose access token has expired on arrival.
    Expired,
    /// A pair without a refresh token.
    NoRefreshToken,
    /// No connection.
    Unreachable,
    /// Carried out, and the answer lost.
    Lost,
    /// Lost before it was carried out, which this side cannot tell.
    Ignored,
    Refused,
    AppRefused,
    /// Too many requests, says whoever: not before half a minute.
    Throttled,
    /// Never answers.
    Hangs,
    Panics,
}

/// A process, which can be killed: whatever it awaits then never comes.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) number: u64,
    alive: Arc<AtomicBool>,
}

impl Life {
    pub(super) fn new(number: u64) -> Self {
        let alive = Arc::new(AtomicBool::new(true));
        Self { number, alive }
    }

    pub(super) fn kill(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        !self.alive.load(Ordering::Relaxed)
    }

    async fn go_on(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}

/// Issues `a1` with `r1`, `a2` with `r2`, and so on.
#[derive(Debug, Clone)]
pub(super) struct FakeCobo {
    books: Arc<Mutex<Books>>,
    clock: TestClock,
    life: Life,
}

#[derive(Debug, Default)]
struct Books {
    issued: u64,
    /// Seconds.
    life: u64,
    /// Milliseconds that each answer takes.
    latency: u64,
    answers: VecDeque<Answer>,
    always: Option<Answer>,
    requests: Vec<String>,
    removed: HashSet<String>,
    /// Which organization's it is.
    refresh_tokens: HashMap<String, String>,
    presented: HashSet<String>,
    presented_twice: Vec<String>,
    /// By process and organization.
    in_flight: HashMap<(u64, String), u32>,
    most_in_flight: u32,
    /// When something else than a token was answered.
    last_failure: Option<Instant>,
    /// When each access token expires, and which process asked for it.
    ends: HashMap<String, (Moment, u64)>,
}

impl FakeCobo {
    pub(super) fn new(life: u64, clock: &TestClock) -> Self {
        let books = Books {
            life,
            ..Books::default()
        };
        Self {
            books: Arc::new(Mutex::new(books)),
            clock: clock.clone(),
            life: Life::new(0),
        }
    }

    /// The same Cobo, as a process sees it.
    pub(super) fn of(&self, life: &Life) -> Self {
        Self {
            life: life.clone(),
            ..self.clone()
        }
    }

    /// When an access token expires, and which process asked for it.
    pub(super) fn end_of(&self, access_token: &str) -> Option<(Moment, u64)> {
        self.books.lock().unwrap().ends.get(access_token).copied()
    }

    pub(super) fn set_life(&self, seconds: u64) {
        self.books.lock().unwrap().life = seconds;
    }

    pub(super) fn set_latency(&self, millis: u64) {
        self.books.lock().unwrap().latency = millis;
    }

    /// What the next requests get.
    pub(super) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.books.lock().unwrap().answers.extend(answers);
    }

    /// What every request gets that nothing else is set for.
    pub(super) fn always(&self, answer: Answer) {
        let mut books = self.books.lock().unwrap();
        books.always = Some(answer);
        books.answers.clear();
    }

    /// The requests since this was last asked for.
    pub(super) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.books.lock().unwrap().requests)
    }

    pub(super) fn presented_twice(&self) -> Vec<String> {
        self.books.lock().unwrap().presented_twice.clone()
    }

    pub(super) fn most_in_flight(&self) -> u32 {
        self.books.lock().unwrap().most_in_flight
    }

    /// A refresh token that an earlier run of the program was given.
    pub(super) fn knows(&self, refresh_token: &str, org_id: &str) {
        let mut books = self.books.lock().unwrap();
        let known = (refresh_token.to_owned(), org_id.to_owned());
        books.refresh_tokens.extend([known]);
    }

    async fn serve(&self, request: String, work: impl FnOnce(&mut Books) -> Outcome) -> Outcome {
        self.life.go_on().await;
        let asked = Moment::now(&self.clock);
        let (answer, latency) = {
            let mut books = self.books.lock().unwrap();
            books.requests.push(request);
            let always = books.always.unwrap_or(Answer::Ok);
            (books.answers.pop_front().unwrap_or(always), books.latency)
        };
        if matches!(answer, Answer::Hangs | Answer::Panics) {
            self.failed();
        }
        tokio::time::sleep(Duration::from_millis(latency)).await;
        let lost = failure(Fate::Lost, "the connection broke");
        let work = || {
            let mut books = self.books.lock().unwrap();
            let issued = work(&mut books)?;
            let token = issued.access_token.expose().to_owned();
            let end = (asked.after(issued.life), self.life.number);
            books.ends.insert(token, end);
            Ok(issued)
        };
        let outcome = match answer {
            Answer::Ok => work(),
            Answer::Expired => {
                let issued = work()?;
                let life = Duration::ZERO;
                Ok(Issued { life, ..issued })
            }
            Answer::NoRefreshToken => {
                let issued = work()?;
                Ok(Issued {
                    refresh_token: None,
                    ..issued
                })
            }
            Answer::Lost => {
                let _ = work();
                Err(lost)
            }
            Answer::Ignored => Err(lost),
            Answer::Unreachable => Err(failure(Fate::NotCarriedOut, "no connection")),
            Answer::Throttled => Err(Failure {
                throttled: true,
                retry_after: Some(Duration::from_secs(30)),
                ..failure(Fate::Lost, "429")
            }),
            Answer::Refused => Err(failure(Fate::GrantRefused, "invalid_grant")),
            Answer::AppRefused => Err(failure(Fate::AppRefused, "2024")),
            Answer::Hangs => std::future::pending().await,
            Answer::Panics => panic!("a defect of the issuer"),
        };
        if answer != Answer::Ok || outcome.is_err() {
            self.failed();
        }
        self.life.go_on().await;
        outcome
    }

    fn failed(&self) {
        self.books.lock().unwrap().last_failure = Some(Instant::now());
    }

    /// When it last answered something else than a token, or not at all.
    pub(super) fn last_failure(&self) -> Option<Instant> {
        self.books.lock().unwrap().last_failure
    }

    fn enter(&self, org_id: &str) -> InFlight {
        let mut books = self.books.lock().unwrap();
        let whose = (self.life.number, org_id.to_owned());
        let count = books.in_flight.entry(whose.clone()).or_default();
        *count += 1;
        let count = *count;
        books.most_in_flight = books.most_in_flight.max(count);
        InFlight {
            cobo: self.clone(),
            whose,
        }
    }
}

type Outcome = Result<Issued, Failure>;

struct InFlight {
    cobo: FakeCobo,
    whose: (u64, String),
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut books = self.cobo.books.lock().unwrap();
        *books.in_flight.get_mut(&self.whose).unwrap() -= 1;
    }
}

fn failure(fate: Fate, text: &'static str) -> Failure {
    Failure::new(fate, std::io::Error::other(text))
}

impl Books {
    fn issue(&mut self, org_id: &str) -> Outcome {
        if self.removed.contains(org_id) {
            return Err(failure(Fate::GrantRefused, "not installed"));
        }
        self.issued += 1;
        let refresh_token = format!("r{}", self.issued);
        self.refresh_tokens
            .insert(refresh_token.clone(), org_id.to_owned());
        Ok(Issued {
            access_token: format!("a{}", self.issued).into(),
            refresh_token: Some(refresh_token.into()),
            life: Duration::from_secs(self.life),
        })
    }
}

#[async_trait]
impl Issuer for FakeCobo {
    async fn issue(&self, org_id: &str) -> Outcome {
        let _in_flight = self.enter(org_id);
        let request = format!("get_token {org_id}");
        self.serve(request, |books| books.issue(org_id)).await
    }

    async fn refresh(&self, refresh_token: Secret) -> Outcome {
        self.life.go_on().await;
        let token = refresh_token.expose();
        let org_id = self
            .books
            .lock()
            .unwrap()
            .refresh_tokens
            .get(token)
            .cloned();
        let org_id = org_id.unwrap_or_default();
        let _in_flight = self.enter(&org_id);
        let request = format!("refresh {token}");
        let unreached = {
            let books = self.books.lock().unwrap();
            books.answers.front().copied().or(books.always) == Some(Answer::Unreachable)
        };
        if !unreached {
            let mut books = self.books.lock().unwrap();
            if !books.presented.insert(token.to_owned()) {
                books.presented_twice.push(token.to_owned());
            }
        }
        self.serve(request, |books| match books.refresh_tokens.remove(token) {
            Some(org_id) => books.issue(&org_id),
            None => Err(failure(Fate::GrantRefused, "invalid_grant")),
        })
        .await
    }
}

/// How a store behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mood {
    #[default]
    Up,
    Down,
    /// Never answers.
    Hangs,
    /// Takes nothing in.
    ReadOnly,
    /// Takes it in, and says that it failed.
    Forgetful,
}

/// A store in memory that outlives the sources that use it, and fails when told.
#[derive(Debug, Clone)]
pub(super) struct TestStore {
    memory: Arc<Mutex<MemoryStore>>,
    life: Life,
    /// Who refreshes which organization. A lease ends with its process, or when its time is up.
    leases: Arc<Mutex<Leases>>,
    mood: Arc<Mutex<Mood>>,
    /// When the pair was obtained that is kept, and whether one came after it that is older.
    newest: Arc<Mutex<(HashMap<String, u64>, bool)>>,
}

#[derive(Debug, Default)]
struct Leases {
    given: u64,
    held: HashMap<String, (u64, Life, Instant)>,
}

impl TestStore {
    pub(super) fn new() -> Self {
        Self {
            memory: Arc::default(),
            life: Life::new(0),
            leases: Arc::default(),
            mood: Arc::default(),
            newest: Arc::default(),
        }
    }

    /// The same store, as a process sees it.
    pub(super) fn of(&self, life: &Life) -> Self {
        Self {
            life: life.clone(),
            ..self.clone()
        }
    }

    /// What is kept, whatever the mood.
    pub(super) fn memory(&self) -> MemoryStore {
        self.memory.lock().unwrap().clone()
    }

    pub(super) fn lose_everything(&self) {
        *self.memory.lock().unwrap() = MemoryStore::new();
        self.newest.lock().unwrap().0.clear();
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(super) fn overwrote_a_newer_pair(&self) -> bool {
        self.newest.lock().unwrap().1
    }

    async fn answer<T>(&self, writes: bool) -> Result<(), Result<T, StoreError>> {
        self.life.go_on().await;
        tokio::task::yield_now().await;
        self.life.go_on().await;
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Up | Mood::Forgetful => Ok(()),
            Mood::ReadOnly if !writes => Ok(()),
            Mood::Down | Mood::ReadOnly => Err(Err(
                StoreError::unavailable("it is down").with_nothing_done()
            )),
            Mood::Hangs => std::future::pending().await,
        }
    }

    fn after<T>(&self, value: T) -> Result<T, StoreError> {
        match *self.mood.lock().unwrap() {
            Mood::Forgetful => Err(StoreError::unavailable("the connection broke")),
            _ => Ok(value),
        }
    }
}

#[async_trait]
impl TokenStore for TestStore {
    async fn load(&self, org_id: &str) -> Result<Option<TokenPair>, StoreError> {
        match self.answer(false).await {
            Ok(()) => self.memory().load(org_id).await,
            Err(failed) => failed,
        }
    }

    async fn save(&self, org_id: &str, pair: &TokenPair) -> Result<Saved, StoreError> {
        if let Err(failed) = self.answer(true).await {
            return failed;
        }
        let saved = self.memory().save(org_id, pair).await?;
        if saved == Saved::Kept {
            let mut newest = self.newest.lock().unwrap();
            let before = newest.0.insert(org_id.to_owned(), pair.obtained_at);
            newest.1 |= before.is_some_and(|before| before > pair.obtained_at);
        }
        self.after(saved)
    }

    async fn remove(&self, org_id: &str) -> Result<(), StoreError> {
        match self.answer(true).await {
            Ok(()) => self.memory().remove(org_id).await,
            Err(failed) => failed,
        }
    }

    async fn lease(
        &self,
        org_id: &str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        if let Err(failed) = self.answer(true).await {
            return failed;
        }
        let mut leases = self.leases.lock().unwrap();
        let now = Instant::now();
        if let Some((_, life, until)) = leases.held.get(org_id)
            && !life.is_over()
            && now < *until
        {
            return Ok(None);
        }
        leases.given += 1;
        let number = leases.given;
        let lease = (number, self.life.clone(), now + ttl);
        leases.held.insert(org_id.to_owned(), lease);
        Ok(Some(Box::new(TestLease {
            store: self.clone(),
            org_id: org_id.to_owned(),
            number,
            ttl,
        })))
    }
}

#[derive(Debug)]
struct TestLease {
    store: TestStore,
    org_id: String,
    number: u64,
    ttl: Duration,
}

impl TestLease {
    fn is_over(&self) -> bool {
        let leases = self.store.leases.lock().unwrap();
        let ours = |(number, _, until): &(u64, Life, Instant)| {
            *number == self.number && Instant::now() < *until
        };
        !leases.held.get(&self.org_id).is_some_and(ours)
    }

    /// The memory's own lease, for one call.
    async fn memory(&self) -> Result<Box<dyn Lease>, StoreError> {
        let lease = self.store.memory().lease(&self.org_id, self.ttl).await?;
        Ok(lease.expect("it is held for one call only"))
    }
}

#[async_trait]
impl Lease for TestLease {
    async fn spend(&self, generation: u64) -> Result<Option<Secret>, StoreError> {
        if let Err(failed) = self.store.answer(true).await {
            return failed;
        }
        if self.is_over() {
            return Ok(None);
        }
        let token = self.memory().await?.spend(generation).await?;
        self.store.after(token)
    }

    async fn restore(&self, generation: u64, refresh_token: Secret) -> Result<(), StoreError> {
        if let Err(failed) = self.store.answer(true).await {
            return failed;
        }
        if self.is_over() {
            return Ok(());
        }
        let lease = self.memory().await?;
        lease.restore(generation, refresh_token).await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for TestLease {
    fn drop(&mut self) {
        let mut leases = self.store.leases.lock().unwrap();
        let ours = |lease: &(u64, Life, Instant)| lease.0 == self.number;
        if leases.held.get(&self.org_id).is_some_and(ours) {
            leases.held.remove(&self.org_id);
        }
    }
}

/// Lets every task run that can, without time going by.
pub(super) async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}
