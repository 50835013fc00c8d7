//! What is stored, and which operations read and write it.

use super::course::{Course, ORDER_COURSE, REFUND_COURSE, TRANSACTION_COURSE};

/// A kind of object.
pub(super) struct Kind {
    /// The name in messages.
    pub(super) name: &'static str,
    /// The schema below `#/components/schemas`.
    pub(super) schema: &'static str,
    /// The property that identifies an object.
    pub(super) id: &'static str,
    /// Optional properties that an object has from the start, with a value made from the schema.
    pub(super) also: &'static [&'static str],
    /// Properties that the sandbox sets, unless the request gives a value.
    pub(super) defaults: &'static [(&'static str, Made)],
    /// Properties that only the sandbox sets.
    pub(super) set: &'static [(&'static str, Made)],
    /// The fields of a request or the path parameters that name another object, which must exist.
    pub(super) refers: &'static [(&'static str, &'static Kind)],
    /// Query parameters that filter by a property with another name.
    pub(super) filters: &'static [(&'static str, &'static str)],
    /// The states that an object moves through.
    pub(super) course: Option<&'static Course>,
}

/// How the sandbox makes the value of a property.
#[derive(Clone, Copy)]
pub(super) enum Made {
    Uuid,
    /// A blockchain address.
    Address,
    /// The organization's id.
    Organization,
    /// The time in milliseconds since 1970.
    Milliseconds,
    /// The time in seconds since 1970.
    Seconds,
    /// The time in seconds since 1970, plus the seconds at this pointer of the request, or else this many.
    SecondsAfter(&'static str, u64),
    /// The first value that the request has at one of these pointers.
    Request(&'static [&'static str]),
    /// The chain of the token at one of these pointers of the request: `ETH` for `ETH_USDT`.
    ChainOf(&'static [&'static str]),
    Text(&'static str),
}

const NOTHING: Kind = Kind {
    name: "",
    schema: "",
    id: "",
    also: &[],
    defaults: &[],
    set: &[],
    refers: &[],
    filters: &[],
    course: None,
};

static PROJECT: Kind = Kind {
    name: "project",
    schema: "MPCProject",
    id: "project_id",
    set: &[
        ("project_id", Made::Uuid),
        ("org_id", Made::Organization),
        ("created_timestamp", Made::Milliseconds),
    ],
    ..NOTHING
};

static VAULT: Kind = Kind {
    name: "vault",
    schema: "MPCVault",
    id: "vault_id",
    also: &["root_pubkeys"],
    set: &[
        ("vault_id", Made::Uuid),
        ("type", Made::Request(&["/vault_type"])),
        ("created_timestamp", Made::Milliseconds),
    ],
    refers: &[("/project_id", &PROJECT)],
    filters: &[("vault_type", "type")],
    ..NOTHING
};

static WALLET: Kind = Kind {
    name: "wallet",
    schema: "WalletInfo",
    id: "wallet_id",
    set: &[("wallet_id", Made::Uuid), ("org_id", Made::Organization)],
    refers: &[("/vault_id", &VAULT)],
    ..NOTHING
};

static ADDRESS: Kind = Kind {
    name: "address",
    schema: "AddressInfo",
    id: "address",
    set: &[("address", Made::Address)],
    refers: &[("/wallet_id", &WALLET)],
    ..NOTHING
};

pub(super) static TRANSACTION: Kind = Kind {
    name: "transaction",
    schema: "Transaction",
    id: "transaction_id",
    set: &[
        ("transaction_id", Made::Uuid),
        ("wallet_id", Made::Request(&["/source/wallet_id"])),
        ("initiator_type", Made::Text("API")),
        ("created_timestamp", Made::Milliseconds),
        ("updated_timestamp", Made::Milliseconds),
    ],
    defaults: &[("chain_id", Made::ChainOf(&["/token_id"]))],
    refers: &[
        ("/source/wallet_id", &WALLET),
        ("/destination/wallet_id", &WALLET),
    ],
    course: Some(&TRANSACTION_COURSE),
    ..NOTHING
};

static MERCHANT: Kind = Kind {
    name: "merchant",
    schema: "Merchant",
    id: "merchant_id",
    set: &[
        ("merchant_id", Made::Uuid),
        ("created_timestamp", Made::Seconds),
        ("updated_timestamp", Made::Seconds),
    ],
    defaults: &[("wallet_id", Made::Uuid)],
    ..NOTHING
};

static ORDER: Kind = Kind {
    name: "pay-in order",
    schema: "Order",
    id: "order_id",
    set: &[
        ("order_id", Made::Uuid),
        ("chain_id", Made::ChainOf(&["/payable_currency"])),
        ("receive_address", Made::Address),
        ("received_token_amount", Made::Text("0")),
        ("expired_at", Made::SecondsAfter("/expired_in", 1_800)),
        ("created_timestamp", Made::Seconds),
        ("updated_timestamp", Made::Seconds),
    ],
    defaults: &[
        (
            "payable_amount",
            Made::Request(&["/pricing_amount", "/order_amount"]),
        ),
        ("exchange_rate", Made::Text("1")),
    ],
    refers: &[("/merchant_id", &MERCHANT)],
    filters: &[("psp_order_id", "psp_order_code")],
    course: Some(&ORDER_COURSE),
    ..NOTHING
};

static REFUND: Kind = Kind {
    name: "refund",
    schema: "Refund",
    id: "refund_id",
    set: &[
        ("refund_id", Made::Uuid),
        ("amount", Made::Request(&["/payable_amount"])),
        ("chain_id", Made::ChainOf(&["/token_id"])),
        ("created_timestamp", Made::Seconds),
        ("updated_timestamp", Made::Seconds),
    ],
    refers: &[("/merchant_id", &MERCHANT), ("/order_id", &ORDER)],
    course: Some(&REFUND_COURSE),
    ..NOTHING
};

pub(super) static ENDPOINT: Kind = Kind {
    name: "webhook endpoint",
    schema: "WebhookEndpoint",
    id: "endpoint_id",
    set: &[
        ("endpoint_id", Made::Uuid),
        ("created_timestamp", Made::Milliseconds),
        ("status", Made::Text("STATUS_ACTIVE")),
    ],
    filters: &[("event_type", "subscribed_events")],
    ..NOTHING
};

/// What an operation does with the objects of its kind.
#[derive(Clone, Copy)]
pub(super) enum Action {
    /// Makes an object, with these properties beside those of the kind.
    Create(&'static [(&'static str, Made)]),
    /// As `Create`. Refuses a `request_id` that was used before.
    CreateOnce(&'static [(&'static str, Made)]),
    /// Makes as many objects as the field `count` says.
    CreateMany,
    Get,
    List,
    /// Lays the request's fields over the object.
    Update,
    /// Ends the object in this state.
    End(&'static str),
}

pub(super) struct Rule {
    pub(super) operation: &'static str,
    pub(super) kind: &'static Kind,
    pub(super) action: Action,
}

impl Rule {
    /// Whether the callback of the caller's key is asked: for withdrawals and contract calls.
    pub(super) fn needs_approval(&self) -> bool {
        matches!(
            self.operation,
            "create_transfer_transaction" | "create_contract_call_transaction"
        )
    }
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

static RULES: [Rule; 35] = [
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
        Action::End("Failed"),
    ),
    rule("create_merchant", &MERCHANT, Action::Create(&[])),
    rule("list_merchants", &MERCHANT, Action::List),
    rule("update_merchant_by_id", &MERCHANT, Action::Update),
    rule("create_payment_order", &ORDER, Action::Create(&[])),
    rule("list_payment_orders", &ORDER, Action::List),
    rule("get_payment_order_detail_by_id", &ORDER, Action::Get),
    rule("update_payment_order", &ORDER, Action::End("Expired")),
    rule("create_refund", &REFUND, Action::Create(&[])),
    rule("get_refunds", &REFUND, Action::List),
    rule("get_refund_detail_by_id", &REFUND, Action::Get),
    rule("update_refund_by_id", &REFUND, Action::Update),
    rule("create_webhook_endpoint", &ENDPOINT, Action::Create(&[])),
    rule("list_webhook_endpoints", &ENDPOINT, Action::List),
    rule("get_webhook_endpoint_by_id", &ENDPOINT, Action::Get),
    rule("update_webhook_endpoint_by_id", &ENDPOINT, Action::Update),
];

/// What an operation does; `None` if it neither reads nor writes objects.
pub(super) fn rule_of(operation_id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.operation == operation_id)
}
