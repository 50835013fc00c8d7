use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::routing::{MethodRouter, post};
use cobo_auth::{InboundVerifier, Verified};
use cobo_waas2::webhooks::{CallbackRequest, Decision};

use crate::receive::{ReadLimits, receive};
use crate::rejection::Rejection;

/// Creates a route that answers callbacks. Cobo asks whether a transaction may go on, and gets exactly
/// `ok` or `deny` as plain text.
///
/// A request that does not verify or decode never reaches `decide`. If `decide` fails, panics or
/// takes longer than `limit`, the answer is 503 and Cobo asks again, up to 30 times. Cobo may ask
/// about a transaction twice, so `decide` must come to the same decision again.
///
/// A signature does not say which app or organization a callback is for: all customers of Cobo get
/// callbacks that verify with the same key, and can register any URL. So approve only a transaction that
/// `decide` knows: compare `wallet_id`, token, amount and recipient with your own records, and deny
/// everything else.
///
/// A body must arrive within 5 seconds, and the route reads at most 256 bodies at the same time; beyond
/// that the answer is 503. [`ReadLimits`] sets other limits.
///
/// A `decide` that blocks its thread cannot be stopped, and Cobo gets no answer until it returns: use
/// `tokio::task::spawn_blocking` for such work.
pub fn callback<S, F, R, E>(
    verifier: InboundVerifier,
    limit: Duration,
    decide: F,
) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(Verified<CallbackRequest>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Decision, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    let (decide, default) = (Arc::new(decide), ReadLimits::new());
    post(move |request: Request| {
        let (verifier, decide) = (verifier.clone(), Arc::clone(&decide));
        let read_limits = ReadLimits::of(&request, &default);
        async move {
            let body = receive(&verifier, request, &read_limits).await?;
            let asked = body.parse::<CallbackRequest>()?;
            let transaction = asked.transaction_id.clone();
            // Its own task: a panic ends the task and not the connection. The limit is inside, because this
            // future is dropped when Cobo closes the connection.
            let task = tokio::spawn(async move {
                let decided = tokio::time::timeout(limit, decide(asked)).await;
                decided.map(|result| result.map_err(|error| error.into().to_string()))
            });
            let why = match task.await {
                Ok(Ok(Ok(decision))) => {
                    if let Decision::Deny(reason) = &decision {
                        tracing::info!(transaction, reason, "a callback was denied");
                    }
                    return Ok::<_, Rejection>(decision.answer());
                }
                Ok(Ok(Err(error))) => error,
                Ok(Err(_)) => format!("the handler took longer than {limit:?}"),
                Err(_) => "the handler panicked".to_owned(),
            };
            tracing::error!(transaction, "a callback was not decided: {why}");
            Err(Rejection::LATER)
        }
    })
}
