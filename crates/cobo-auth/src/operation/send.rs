//! Sends requests.

use std::pin::Pin;

use cobo_model::IntoBody;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Operation, Request, SigningPreview};
use crate::body::Body;
use crate::call::response::Response;
use crate::call::{Call, log_unbuilt, metrics};
use crate::client::Client;
use crate::error::Error;

/// The future that [`Request::send`] and [`Request::preview`] return. Nothing is signed or sent
/// before it is polled.
///
/// The request is checked and its body is written before the future is returned; an error is
/// reported when the future is polled.
///
/// Do not drop the future of a write in order to stop waiting: a request that was sent may still be
/// carried out, and you do not learn whether it was. Set a
/// [timeout](crate::HttpOptions::timeout) instead.
///
/// It is boxed for two reasons: the futures of programs stay small, and the compiler checks the code
/// of a call once, not at each place that sends a request.
pub type CallFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A request that is ready to be sent, or the reason why it cannot be.
struct Prepared {
    client: Client,
    operation: Option<&'static Operation>,
    call: Result<Call, Error>,
}

impl Prepared {
    async fn send(self) -> Result<Response<Body>, Error> {
        let started = Instant::now();
        let result = match self.call {
            Ok(call) => self.client.call(call).await,
            Err(error) => Err(error).inspect_err(|error| log_unbuilt(self.operation, error)),
        };
        metrics::call(self.operation, started, &result);
        result
    }

    async fn preview(self) -> Result<SigningPreview, Error> {
        let (client, call) = (self.client, self.call?);
        let strategy = client.shared().nonces.strategy();
        let signed = client.sign(&call, strategy).await;
        let signed = signed.map_err(|error| error.with_operation(call.label.clone()))?;
        let api_key = client.shared().signer.public_key().to_string();
        Ok(SigningPreview::new(&call, api_key, signed))
    }
}

impl<B: IntoBody> Request<B> {
    /// Signs and sends the request, and verifies the response.
    ///
    /// # Errors
    ///
    /// Before anything is sent: required values are missing (the error names all of them); a value
    /// that cannot be sent; a path that does not start with `/`, or that has a query, an empty
    /// segment or a dot segment; a failure of the signer or the credential. After that, any kind of
    /// [`Error`].
    pub fn send(self) -> CallFuture<Response<Body>> {
        Box::pin(self.prepare().send())
    }

    /// Signs the request without sending it, and returns the signed message and the headers. Use it
    /// for a support case when Cobo answers "authentication failed". It uses a nonce, and no access
    /// token.
    ///
    /// # Errors
    ///
    /// The errors that [`send`](Self::send) returns before anything is sent.
    pub fn preview(self) -> CallFuture<SigningPreview> {
        Box::pin(self.prepare().preview())
    }

    /// Checks the request and writes its body. An error is kept until the future is polled.
    fn prepare(self) -> Prepared {
        let label = self.label();
        Prepared {
            client: self.client.clone(),
            operation: self.target.operation(),
            call: self
                .call(label.clone())
                .map_err(|error| error.with_operation(label)),
        }
    }
}

/// What generated clients use. Not for other code: it changes with the generator.
#[doc(hidden)]
impl<B: IntoBody> Request<B> {
    /// Sends the request and decodes the response.
    pub fn send_decoded<T: DeserializeOwned>(self) -> CallFuture<Response<T>> {
        let prepared = self.prepare();
        Box::pin(async { prepared.send().await?.decoded() })
    }

    /// Sends the request. Its response has no body, or one of another type than JSON.
    pub fn send_empty(self) -> CallFuture<Response<()>> {
        let prepared = self.prepare();
        Box::pin(async { Ok(prepared.send().await?.map(|_| ())) })
    }

    /// Sends the request and decodes the response, which may have no body.
    pub fn send_optional<T: DeserializeOwned>(self) -> CallFuture<Response<Option<T>>> {
        let prepared = self.prepare();
        Box::pin(async {
            let response = prepared.send().await?;
            if response.is_empty() {
                return Ok(response.map(|_| None));
            }
            response.decoded()
        })
    }
}
