//! Runs blocking file operations on a few threads. No thread waits for a lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::directory::Place;
use super::lock::{Kind, Lock};
use crate::store::StoreError;

/// The most blocking threads of the runtime that are used at a time. A disk gains little from more.
const THREADS: usize = 8;

/// How long an operation waits for a lock. Well below a source's store timeout: after such a
/// timeout the source treats the whole store as unavailable, for every organization.
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
    /// Runs a job on a thread. A job that has started is finished, even if its caller has gone
    /// away.
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

    /// Registers one more thread, unless the maximum has been reached.
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

    /// Runs a job while it holds the lock of an organization's pair. Waiting for the lock occupies
    /// no thread; after 1 s without it, the error is `Busy`.
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
            // Only waiting has a time limit. A job that was interrupted would leave an unknown
            // state.
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

/// One of the `THREADS` threads. Dropping it frees the place, also if the runtime ends before the
/// thread has started.
struct Thread(Option<Workers>);

impl Thread {
    /// Runs jobs until the queue is empty. One thread for each job would need more threads, because
    /// a thread that has just finished is not available at once.
    fn work(mut self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    /// The next job. If the queue is empty, the place is freed under the same lock, so that a job
    /// added later starts a new thread.
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
