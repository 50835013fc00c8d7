//! Runs blocking file operations on a few threads. No thread waits for a lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::directory::OrgFiles;
use super::lock::{Kind, Lock};
use crate::store::StoreError;

/// The most blocking threads of the runtime that are used at a time. A disk gains little from more.
const MAX_THREADS: usize = 8;

/// How long an operation waits for a lock. Well below a source's store timeout: after such a
/// timeout the source treats the whole store as unavailable, for every organization.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

const MIN_PAUSE: Duration = Duration::from_millis(1);
const MAX_PAUSE: Duration = Duration::from_millis(20);

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
        let (sender, receiver) = oneshot::channel();
        let job = move || {
            if !sender.is_closed() {
                let _ = sender.send(job());
            }
        };
        self.queue().jobs.push_back(Box::new(job));
        if let Some(thread) = self.claim_thread() {
            drop(tokio::task::spawn_blocking(move || thread.work()));
        }
        let dropped = |_| Err(StoreError::unavailable("the program is shutting down"));
        receiver.await.unwrap_or_else(dropped)
    }

    /// Registers one more thread, unless the maximum has been reached.
    fn claim_thread(&self) -> Option<Thread> {
        let mut queue = self.queue();
        (queue.threads < MAX_THREADS).then(|| {
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
        files: &OrgFiles,
        job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = Arc::new(files.clone());
        let mut waiting = job;
        let mut pause = MIN_PAUSE;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            let (files, job) = (files.clone(), waiting);
            let attempt = move || match Lock::try_acquire(&files, Kind::Change)? {
                Some(_lock) => Ok(Ok(job()?)),
                None => Ok(Err(job)),
            };
            match self.run(attempt).await? {
                Ok(done) => return Ok(done),
                Err(job) => waiting = job,
            }
            // Only waiting has a time limit. A job that was interrupted would leave an unknown
            // state.
            if Instant::now() >= deadline {
                return Err(busy());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
}

fn busy() -> StoreError {
    StoreError::busy("the organization's file was locked by other calls or processes for 1 s")
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

/// One of the `MAX_THREADS` threads. Dropping it lets another thread start, also if the runtime ends before the
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

    /// The next job. If the queue is empty, the thread is unregistered under the same lock, so that a job
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
