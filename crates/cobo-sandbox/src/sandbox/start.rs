//! Starts a sandbox, with the defaults or with settings.

use super::builder::SandboxBuilder;
use super::handle::Sandbox;
use super::start_error::StartError;

impl Sandbox {
    /// Starts a sandbox with the defaults: a free loopback port, and the demo key, client id and organization.
    ///
    /// # Errors
    ///
    /// As [`SandboxBuilder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Creates the settings of a sandbox that answers every operation of Cobo's WaaS 2.0, and keeps state.
    ///
    /// What an organization creates, it finds again: projects, vaults, TSS requests, wallets, addresses, transactions,
    /// merchants, pay-in orders, refunds, top-up addresses, payouts and auto-sweep tasks. A list starts empty, an unknown id is answered
    /// with 404 and code 2028, and so is a request that names an object which the organization does not have. What moves
    /// through states reaches the last one after a minute of the sandbox's time ([`advance`](Self::advance),
    /// [`advance_to_end`](Self::advance_to_end)), and succeeds, unless a script says otherwise
    /// ([`script_end`](Self::script_end)).
    ///
    /// A `request_id` of a transfer or of a contract call works once; the second request is refused with code 30001. Its
    /// HTTP status, 400, is a guess: Cobo documents only the code. A speed-up or a drop makes the original transaction
    /// fail at once; at Cobo, it can still be confirmed until its replacement is.
    ///
    /// Balances come from completed [deposits](Self::deposit) and transfers. A transfer to an address of the organization
    /// changes both balances, but no deposit is listed for it. Fees are not counted, and a transfer is not refused if the
    /// balance is too small: the balance is negative then. The fee that `estimate_fee` returns is an example, in the coin of the chain that the request names.
    ///
    /// All other operations are answered with values made from the document, see [`SandboxBuilder::specification`]. In
    /// both cases the request selects the variant of a union: with `wallet_type: MPC` it is an MPC Wallet.
    #[cfg(feature = "waas2")]
    pub fn waas2() -> SandboxBuilder {
        SandboxBuilder::default().waas2()
    }

    /// Creates the settings of a sandbox, to change them before the start.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }
}
