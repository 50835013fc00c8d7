//! Which operations read and write which kind of object.

use super::pause::{BUILT, Pause, SIGNED};
use super::table::{
    ADDRESS, DEPOSIT, ENDPOINT, FORCED_SWEEP, Kind, MERCHANT, Made, NOTHING, ORDER, PAYOUT,
    PROJECT, REFUND, SETTLEMENT, SWEEP_ADDRESS, SWEEP_TASK, TOP_UP, TOP_UP_ADDRESS, TRANSACTION,
    TSS_REQUEST, VAULT, WALLET,
};

/// The balances that a list contains.
#[derive(Clone, Copy)]
pub(crate) enum By {
    /// Each token of a wallet.
    Wallet,
    /// Each token at an address of a wallet.
    Address,
    /// Each address of a wallet that holds a token.
    Token,
}

/// What an operation does with the objects of its kind.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// Makes an object, with these properties beside those of the kind.
    Create(&'static [(&'static str, Made)]),
    /// As `Create`. Refuses a `request_id` that was used before, and waits for the callback of the
    /// caller's key.
    CreateOnce(&'static [(&'static str, Made)]),
    /// Makes an auto-sweep task, whose transactions are made later.
    CreateSweepTask,
    /// Makes a sweep-to address, and makes those of the same wallet and chain invalid.
    CreateSweepAddress,
    /// Makes as many objects as the field `count` says.
    CreateMany,
    /// For each value of the list in the first field, finds or makes the object with this value in the
    /// second property.
    CreateEach(&'static str, &'static str),
    /// Finds the object with the properties of the query, or makes it.
    FindOrCreate,
    /// Gives the object with the properties of the request another id.
    Renew,
    Get,
    List,
    /// Lists the objects with these query parameters as their place.
    ListOf(&'static [&'static str]),
    /// Lists one object for each value of this property.
    ListEach(&'static str),
    /// Lays the request's fields over the object.
    Update,
    /// Ends the object in this state.
    End(EndState),
    /// Lets the object go on from the state in which it waits for this call.
    GoOn(&'static Pause),
    /// As `GoOn`, for all objects of the list `transaction_ids`.
    GoOnEach(&'static Pause),
    /// Makes a transaction in place of another one that is in this state, for this purpose.
    Replace {
        purpose: &'static str,
        from: &'static str,
    },
    /// Deletes the object, if its property has this value.
    Delete(&'static str, &'static str),
    /// Lists balances.
    Balances(By),
    /// Lists balances of merchants.
    MerchantBalances,
    /// Answers from the document, with these properties.
    Answer(&'static [(&'static str, Made)]),
}

impl Action {
    /// Whether it makes one object, whose end can be scripted if it has states.
    pub(crate) fn creates(&self) -> bool {
        matches!(
            self,
            Self::Create(_) | Self::CreateOnce(_) | Self::CreateSweepTask | Self::Replace { .. }
        )
    }
}

/// How a call ends an object.
#[derive(Clone, Copy)]
pub(crate) struct EndState {
    /// The states in which it can be ended.
    pub(crate) from: &'static [&'static str],
    pub(crate) to: &'static str,
    /// The property `sub_status`.
    pub(crate) sub_status: Option<&'static str>,
}

pub(crate) struct Rule {
    pub(crate) operation: &'static str,
    pub(crate) kind: &'static Kind,
    pub(crate) action: Action,
}

const fn rule(operation: &'static str, kind: &'static Kind, action: Action) -> Rule {
    Rule {
        operation,
        kind,
        action,
    }
}

const TRANSFER: &[(&str, Made)] = &[("type", Made::Text("Withdrawal"))];
const CONTRACT_CALL: &[(&str, Made)] = &[("type", Made::Text("ContractCall"))];
const MESSAGE_SIGN: &[(&str, Made)] = &[("type", Made::Text("MessageSign"))];

/// The fee is paid in the coin of the chain. The sandbox takes the id of the chain as the id of the coin,
/// which is right for most chains.
const FEE: &[(&str, Made)] = &[("token_id", Made::ChainOf(&["/token_id", "/chain_id"]))];

/// `PendingSignature` is possible only with some sub-statuses, which are not kept here.
const CANCEL: EndState = EndState {
    from: &[
        "Submitted",
        "PendingScreening",
        "PendingAuthorization",
        "PendingSignature",
    ],
    to: "Failed",
    sub_status: Some("CanceledByAPI"),
};
const EXPIRE: EndState = EndState {
    from: &["Pending", "Processing"],
    to: "Expired",
    sub_status: None,
};
/// Cobo's status for a request that was cancelled is `Success`.
const CANCEL_TSS: EndState = EndState {
    from: &["PendingKeyHolderConfirmation"],
    to: "Success",
    sub_status: None,
};

/// The document has no state for a task that was cancelled.
const CANCEL_SWEEP: EndState = EndState {
    from: &["Submitted"],
    to: "Submitted",
    sub_status: None,
};

/// What the sandbox itself does for an auto-sweep task.
pub(crate) static SWEEP_RULE: Rule = rule("auto-sweep", &TRANSACTION, Action::Create(TRANSFER));
pub(crate) static SWEEP_ADDRESS_RULE: Rule = rule(
    "create_wallet_sweep_to_addresses",
    &SWEEP_ADDRESS,
    Action::CreateSweepAddress,
);

/// What the sandbox itself does in `Sandbox::deposit`.
pub(crate) static DEPOSIT_RULE: Rule = rule("deposit", &DEPOSIT, Action::Create(&[]));
pub(crate) static TOP_UP_RULE: Rule = rule("deposit", &TOP_UP, Action::Create(&[]));

static RULES: [Rule; 70] = [
    rule("create_mpc_project", &PROJECT, Action::Create(&[])),
    rule("list_mpc_projects", &PROJECT, Action::List),
    rule("get_mpc_project_by_id", &PROJECT, Action::Get),
    rule("update_mpc_project_by_id", &PROJECT, Action::Update),
    rule("create_mpc_vault", &VAULT, Action::Create(&[])),
    rule("list_mpc_vaults", &VAULT, Action::List),
    rule("get_mpc_vault_by_id", &VAULT, Action::Get),
    rule("update_mpc_vault_by_id", &VAULT, Action::Update),
    rule("create_wallet", &WALLET, Action::Create(&[])),
    rule("list_wallets", &WALLET, Action::List),
    rule("get_wallet_by_id", &WALLET, Action::Get),
    rule("update_wallet_by_id", &WALLET, Action::Update),
    rule(
        "delete_wallet_by_id",
        &WALLET,
        Action::Delete("wallet_type", "Exchange"),
    ),
    rule(
        "list_token_balances_for_wallet",
        &WALLET,
        Action::Balances(By::Wallet),
    ),
    rule(
        "list_token_balances_for_address",
        &WALLET,
        Action::Balances(By::Address),
    ),
    rule(
        "list_address_balances_by_token",
        &WALLET,
        Action::Balances(By::Token),
    ),
    rule("create_address", &ADDRESS, Action::CreateMany),
    rule("list_addresses", &ADDRESS, Action::List),
    rule(
        "create_transfer_transaction",
        &TRANSACTION,
        Action::CreateOnce(TRANSFER),
    ),
    rule(
        "create_contract_call_transaction",
        &TRANSACTION,
        Action::CreateOnce(CONTRACT_CALL),
    ),
    rule(
        "create_message_sign_transaction",
        &TRANSACTION,
        Action::Create(MESSAGE_SIGN),
    ),
    rule("list_transactions", &TRANSACTION, Action::List),
    rule("get_transaction_by_id", &TRANSACTION, Action::Get),
    rule(
        "cancel_transaction_by_id",
        &TRANSACTION,
        Action::End(CANCEL),
    ),
    rule(
        "sign_and_broadcast_transaction_by_id",
        &TRANSACTION,
        Action::GoOn(&BUILT),
    ),
    rule(
        "broadcast_signed_transactions",
        &TRANSACTION,
        Action::GoOnEach(&SIGNED),
    ),
    rule(
        "speedup_transaction_by_id",
        &TRANSACTION,
        Action::Replace {
            purpose: "SpeedUp",
            from: "Broadcasting",
        },
    ),
    rule(
        "drop_transaction_by_id",
        &TRANSACTION,
        Action::Replace {
            purpose: "Drop",
            from: "Broadcasting",
        },
    ),
    rule(
        "resend_transaction_by_id",
        &TRANSACTION,
        Action::Replace {
            purpose: "Resend",
            from: "Failed",
        },
    ),
    rule("estimate_fee", &NOTHING, Action::Answer(FEE)),
    rule("estimate_fee_station_fee", &NOTHING, Action::Answer(FEE)),
    rule("create_tss_request", &TSS_REQUEST, Action::Create(&[])),
    rule("list_tss_requests", &TSS_REQUEST, Action::List),
    rule("get_tss_request_by_id", &TSS_REQUEST, Action::Get),
    rule(
        "cancel_tss_request_by_id",
        &TSS_REQUEST,
        Action::End(CANCEL_TSS),
    ),
    rule("create_merchant", &MERCHANT, Action::Create(&[])),
    rule("list_merchants", &MERCHANT, Action::List),
    rule("update_merchant_by_id", &MERCHANT, Action::Update),
    rule(
        "list_merchant_balances",
        &MERCHANT,
        Action::MerchantBalances,
    ),
    rule("create_payment_order", &ORDER, Action::Create(&[])),
    rule("list_payment_orders", &ORDER, Action::List),
    rule("get_payment_order_detail_by_id", &ORDER, Action::Get),
    rule("update_payment_order", &ORDER, Action::End(EXPIRE)),
    rule("create_refund", &REFUND, Action::Create(&[])),
    rule("get_refunds", &REFUND, Action::List),
    rule("get_refund_detail_by_id", &REFUND, Action::Get),
    rule("update_refund_by_id", &REFUND, Action::Update),
    rule("create_payout", &PAYOUT, Action::Create(&[])),
    rule("list_payouts", &PAYOUT, Action::List),
    rule("get_payout_by_id", &PAYOUT, Action::Get),
    rule(
        "create_settlement_request",
        &SETTLEMENT,
        Action::Create(&[]),
    ),
    rule("list_settlement_requests", &SETTLEMENT, Action::List),
    rule("get_settlement_by_id", &SETTLEMENT, Action::Get),
    rule(
        "create_forced_sweep_request",
        &FORCED_SWEEP,
        Action::Create(&[]),
    ),
    rule("list_forced_sweep_requests", &FORCED_SWEEP, Action::List),
    rule(
        "create_auto_sweep_task",
        &SWEEP_TASK,
        Action::CreateSweepTask,
    ),
    rule("list_auto_sweep_task", &SWEEP_TASK, Action::List),
    rule("get_auto_sweep_task_by_id", &SWEEP_TASK, Action::Get),
    rule(
        "cancel_auto_sweep_task_by_id",
        &SWEEP_TASK,
        Action::End(CANCEL_SWEEP),
    ),
    rule(
        "create_wallet_sweep_to_addresses",
        &SWEEP_ADDRESS,
        Action::CreateSweepAddress,
    ),
    rule(
        "list_wallet_sweep_to_addresses",
        &SWEEP_ADDRESS,
        Action::ListOf(&["wallet_id"]),
    ),
    rule(
        "create_top_up_addresses",
        &TOP_UP_ADDRESS,
        Action::CreateEach("custom_payer_ids", "custom_payer_id"),
    ),
    rule("get_top_up_address", &TOP_UP_ADDRESS, Action::FindOrCreate),
    rule("update_top_up_address", &TOP_UP_ADDRESS, Action::Renew),
    rule(
        "list_top_up_payers",
        &TOP_UP_ADDRESS,
        Action::ListEach("payer_id"),
    ),
    rule(
        "list_payer_transactions",
        &TOP_UP,
        Action::ListOf(&["custom_payer_id"]),
    ),
    rule("create_webhook_endpoint", &ENDPOINT, Action::Create(&[])),
    rule("list_webhook_endpoints", &ENDPOINT, Action::List),
    rule("get_webhook_endpoint_by_id", &ENDPOINT, Action::Get),
    rule("update_webhook_endpoint_by_id", &ENDPOINT, Action::Update),
];

/// What an operation does; `None` if it neither reads nor writes objects.
pub(crate) fn rule_of(operation_id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.operation == operation_id)
}

#[cfg(all(test, feature = "waas2"))]
mod tests {
    use super::*;
    use crate::spec::Specification;

    #[test]
    fn rules_name_operations_and_schemas_of_the_document() {
        let document = Specification::waas2();
        for rule in &RULES {
            let (operation, schema) = (rule.operation, rule.kind.schema);
            assert!(document.by_id(operation).is_some(), "{operation}");
            let pointer = format!("/components/schemas/{schema}");
            let exists = document.document().pointer(&pointer).is_some();
            assert!(exists || schema.is_empty(), "{schema}");
            let same = RULES.iter().filter(|it| it.operation == operation);
            assert_eq!(same.count(), 1, "{operation}");
        }
    }
}
