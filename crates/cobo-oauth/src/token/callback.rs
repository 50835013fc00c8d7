//! Tokens that callbacks ask for. Anybody may send one: so an organization's are answered together,
//! with rests between them, and a few organizations' at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, SemaphorePermit, watch};

use super::entry::Entry;
use super::error::{TokenError, TokenErrorKind};
use super::limits::REST;
use super::shared::Shared;
use super::slot::Need;

/// Up to which wish it is an answer, and what came of it.
pub(crate) type Answer = (u64, Result<(), TokenError>);

/// Whoever answers an organization's callbacks, in a task of its own: those who sent them may go
/// away.
struct Callback {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    answers: watch::Sender<Answer>,
    /// One of those who may wait for their turn.
    _waiting: OwnedSemaphorePermit,
}

impl Entry {
    /// Obtains a token by `get_token`, whatever there is. Those that are there are served until it
    /// comes; who asks while one is being obtained shares the next.
    pub(crate) async fn reissue(self: &Arc<Self>, shared: &Arc<Shared>) -> Result<(), TokenError> {
        let (wish, mut answers) = self.wish(shared)?;
        match answers.wait_for(|(answered, _)| *answered >= wish).await {
            Ok(answer) => answer.1.clone(),
            Err(_) => Err(TokenError::new(TokenErrorKind::Unavailable, self.org_id())),
        }
    }

    /// From here on the next token is one of `get_token`, whoever waits for it.
    fn wish(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<(u64, watch::Receiver<Answer>), TokenError> {
        let mut slot = self.slot();
        slot.need = Need::Issue;
        slot.wanted += 1;
        slot.wished = slot.wanted;
        if let Some(answers) = &slot.callback {
            return Ok((slot.wished, answers.clone()));
        }
        let (runtime, _counted) = self.may_begin(shared)?;
        let waiting = shared.waiting.clone().try_acquire_owned();
        let (answers, receiver) = watch::channel((0, Ok(())));
        let callback = Callback {
            shared: shared.clone(),
            entry: self.clone(),
            answers,
            _waiting: waiting.map_err(|_| TokenError::crowded(self.org_id()))?,
        };
        slot.callback = Some(receiver.clone());
        let wish = slot.wished;
        drop(slot); // a runtime that is shutting down drops the task here
        shared.tasks.spawn_on(callback.run(), &runtime);
        Ok((wish, receiver))
    }
}

impl Callback {
    async fn run(self) {
        loop {
            let (answered, result) = self.answer().await;
            let over = {
                let mut slot = self.entry.slot();
                slot.called_back = Some(self.shared.now());
                let over = slot.wished <= answered;
                if over {
                    slot.callback = None;
                }
                over
            };
            let _ = self.answers.send_replace((answered, result));
            if over {
                return;
            }
        }
    }

    async fn answer(&self) -> Answer {
        let turn = self.shared.stop.run_until_cancelled(self.turn()).await;
        let failed = |error| (self.entry.slot().wished, Err(error));
        let _permit = match turn {
            Some(Ok(permit)) => permit,
            Some(Err(error)) => return failed(error),
            None => {
                let kind = TokenErrorKind::ShutDown;
                return failed(TokenError::new(kind, self.entry.org_id()));
            }
        };
        let wanted = {
            let mut slot = self.entry.slot();
            // Cobo has changed its mind, perhaps.
            slot.hold.take_if(|hold| hold.error.is_refusal());
            slot.wanted
        };
        (wanted, self.entry.issued(&self.shared, wanted).await)
    }

    /// Rests, and waits until no more than a few are asked for.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, TokenError> {
        let called_back = self.entry.slot().called_back;
        if let Some(called_back) = called_back {
            let since = called_back.until(&self.shared.now());
            tokio::time::sleep(REST.saturating_sub(since)).await;
        }
        let callbacks = &self.shared.callbacks;
        self.shared.permit(callbacks, self.entry.org_id()).await
    }
}

/// However it ends: the place is free for the next.
impl Drop for Callback {
    fn drop(&mut self) {
        let ours = self.answers.subscribe();
        let mut slot = self.entry.slot();
        slot.callback
            .take_if(|callback| callback.same_channel(&ours));
    }
}
