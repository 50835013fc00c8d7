//! Work that blocks: on a few threads, and never waiting for a lock there.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::directory::Place;
use super::lock::{Kind, Lock};
use crate::store::StoreError;

/// So many of the runtime's blocking threads are used at a time. Disks like a few.
const THREADS: usize = 8;

/// So long others are waited for: well below a source's store timeout, after which the whole store
/// counts as down, for every organization.
const PATIENCE: Duration = Duration::from_secs(1);

const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

type Job = Box<dyn FnOnce() + Send>;

#[derive(Clone, Default)]
pub(super) struct Workers(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
}

impl Workers {
    /// Runs a job. Once it has begun it is finished, even when nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job = move || {
            if !tell.is_closed() {
                let _ = tell.send(job());
            }
        };
        self.queue().jobs.push_back(Box::new(job));
        if let Some(thread) = self.another() {
            drop(tokio::task::spawn_blocking(move || thread.work()));
        }
        let lost = |_| Err(StoreError::unavailable("the program is shutting down"));
        told.await.unwrap_or_else(lost)
    }

    /// A thread more, if there may be one.
    fn another(&self) -> Option<Thread> {
        let mut queue = self.queue();
        (queue.threads < THREADS).then(|| {
            queue.threads += 1;
            Thread(Some(self.clone()))
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job while it holds the lock of an organization's pair. Waiting for it takes no thread.
    pub(super) async fn run_locked<T: Send + 'static>(
        &self,
        place: &Place,
        job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::new(place.clone());
        let mut waiting = job;
        let mut pause = SHORTEST_PAUSE;
        let patience = Instant::now() + PATIENCE;
        loop {
            let (place, job) = (place.clone(), waiting);
            let attempt = move || match Lock::attempt(&place, Kind::Change)? {
                Some(_lock) => Ok(Ok(job()?)),
                None => Ok(Err(job)),
            };
            match self.run(attempt).await? {
                Ok(done) => return Ok(done),
                Err(job) => waiting = job,
            }
            // Only the waiting is cut short: of a job that has begun nobody knows how far it came.
            if Instant::now() >= patience {
                return Err(busy());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn busy() -> StoreError {
    StoreError::busy("others kept the organization's file locked for 1 s")
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue();
        f.debug_struct("Workers")
            .field("jobs", &queue.jobs.len())
            .field("threads", &queue.threads)
            .finish()
    }
}

/// A thread's place among those that there may be. Given back however the thread ends, also when
/// its runtime ends before it has begun.
struct Thread(Option<Workers>);

impl Thread {
    /// Does what there is to do. A thread for each job would need more of them: one that has just
    /// finished is not free yet.
    fn work(mut self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    /// The next job. Where there is none, the place is given back before anybody can add one.
    fn next(&mut self) -> Option<Job> {
        let workers = self.0.take()?;
        let mut queue = workers.queue();
        let job = queue.jobs.pop_front();
        match job {
            Some(_) => self.0 = Some(workers.clone()),
            None => queue.threads -= 1,
        }
        drop(queue);
        job
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(workers) = &self.0 {
            workers.queue().threads -= 1;
        }
    }
}
