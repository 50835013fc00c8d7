//! What a test can do with the state of `Sandbox::waas2`.

use std::time::Duration;

use serde_json::Value;

use super::handle::Sandbox;
use crate::script::ScriptError;
use crate::waas2::{DepositError, End};

/// What calls have created, with `Sandbox::waas2`.
impl Sandbox {
    /// Sets how the next objects that this operation creates end, one end for each object.
    ///
    /// # Errors
    ///
    /// When the operation creates nothing that moves through states, when the sandbox keeps no state, or when an object
    /// cannot stay in the state that is given: the error names the states.
    pub fn script_end(
        &self,
        operation_id: &str,
        ends: impl IntoIterator<Item = End>,
    ) -> Result<(), ScriptError> {
        let no_states = || ScriptError::NoStates(operation_id.to_owned());
        let (objects, _) = self.state.objects().ok_or_else(no_states)?;
        objects.script(operation_id, ends.into_iter().collect())
    }

    /// Moves the sandbox's time forward until every object has reached its last state, except those that a script keeps
    /// in another one. Access tokens live longer than that.
    pub fn advance_to_end(&self) {
        let ends_ms = self.state.objects().and_then(|(it, _)| it.all_end_ms());
        let missing_ms = ends_ms.unwrap_or(0).saturating_sub(self.now_ms());
        self.advance(Duration::from_millis(missing_ms));
    }

    /// Returns the objects that calls of this operation have created, for all organizations, oldest first
    /// and as of now. Empty if the operation creates nothing, or if the sandbox keeps no state.
    pub fn created(&self, operation_id: &str) -> Vec<Value> {
        let objects = self.state.objects();
        objects.map_or_else(Vec::new, |(it, _)| it.created(operation_id, self.now_ms()))
    }

    /// Pays an amount of a token to an address that a call of this sandbox created: one of a wallet, or a payer's top-up
    /// address. Returns the id of the transaction, which is `Confirming` at first and `Completed` after 45 seconds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use cobo_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::waas2().start().await?;
    /// // Let the app under test create an address first.
    /// assert!(sandbox.deposit("0xabc", "ETH_USDT", "1.5").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When no call created the address, when the amount is not a decimal number above zero, or when the sandbox keeps no
    /// state.
    pub fn deposit(
        &self,
        address: &str,
        token_id: &str,
        amount: &str,
    ) -> Result<String, DepositError> {
        let no_state = || DepositError::Refused("this sandbox keeps no state".to_owned());
        let (objects, specification) = self.state.objects().ok_or_else(no_state)?;
        let made = objects.deposit(specification, address, token_id, amount, self.now_ms());
        self.state.publish();
        made
    }
}
