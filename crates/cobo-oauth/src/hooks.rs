//! The signing hooks: how requests of generated operations reach the signing client.
//!
//! Generated code calls `exec` for every request and does not compile without this. There is one
//! copy of this text; the generator puts it into the crates that it writes.

use cobo_auth::codegen;
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};

use crate::Client;
use crate::generated::operations::operation;

impl ClientHooks<cobo_auth::Client> for Client {
    /// Signs, sends and verifies. The result travels inside of the response, since no error of ours
    /// fits into the return type.
    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let result = match operation(info.operation_id) {
            Some(operation) => self.inner().execute(request, operation).await,
            // Nothing is sent for an operation that nothing is known of.
            None => Err(codegen::unknown_operation(info.operation_id)),
        };
        Ok(codegen::carry(result))
    }
}
