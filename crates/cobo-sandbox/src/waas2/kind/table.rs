//! The kinds of objects that are stored.

use super::course::{
    Course, DEPOSIT_COURSE, ORDER_COURSE, PAYOUT_COURSE, REFUND_COURSE, SETTLEMENT_COURSE,
    SWEEP_COURSE, SWEEP_TASK_COURSE, TRANSACTION_COURSE, TSS_COURSE,
};

/// A kind of object.
pub(crate) struct Kind {
    /// The name in messages.
    pub(crate) name: &'static str,
    /// The schema below `#/components/schemas`.
    pub(crate) schema: &'static str,
    /// The property that identifies an object.
    pub(crate) id: &'static str,
    /// The properties that identify an object as its id does, for operations that find or make it. By the first one, the
    /// objects are looked up.
    pub(crate) same: &'static [&'static str],
    /// Other properties by which the objects are looked up. Their values never change.
    pub(crate) indexed: &'static [&'static str],
    /// Optional properties that an object has from the start, with a value made from the schema.
    pub(crate) also: &'static [&'static str],
    /// Properties that the sandbox sets, unless the request gives a value.
    pub(crate) defaults: &'static [(&'static str, Made)],
    /// Properties that only the sandbox sets.
    pub(crate) set: &'static [(&'static str, Made)],
    /// The fields of a request or the path parameters that name another object, which must exist. In a pointer, `/*`
    /// means each item of a list.
    pub(crate) refers: &'static [(&'static str, &'static Kind)],
    /// Query parameters that filter by a property with another name.
    pub(crate) filters: &'static [(&'static str, &'static str)],
    /// The states that an object moves through.
    pub(crate) course: Option<&'static Course>,
}

impl Kind {
    /// The properties by which the objects are looked up.
    pub(crate) fn looked_up_by(&self) -> impl Iterator<Item = &'static str> {
        let same = self.same.first();
        let others = self.indexed.iter().chain(same).copied();
        [self.id].into_iter().chain(others)
    }
}

/// How the sandbox makes the value of a property.
#[derive(Clone, Copy)]
pub(crate) enum Made {
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
    EmptyList,
    /// An id that is the same for the same text at this pointer of the request.
    IdOf(&'static str),
}

pub(crate) const NOTHING: Kind = Kind {
    name: "",
    schema: "",
    id: "",
    same: &[],
    indexed: &[],
    also: &[],
    defaults: &[],
    set: &[],
    refers: &[],
    filters: &[],
    course: None,
};

pub(crate) static PROJECT: Kind = Kind {
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

pub(crate) static VAULT: Kind = Kind {
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

pub(crate) static WALLET: Kind = Kind {
    name: "wallet",
    schema: "WalletInfo",
    id: "wallet_id",
    set: &[("wallet_id", Made::Uuid), ("org_id", Made::Organization)],
    refers: &[("/vault_id", &VAULT)],
    ..NOTHING
};

pub(crate) static ADDRESS: Kind = Kind {
    name: "address",
    schema: "AddressInfo",
    id: "address",
    set: &[("address", Made::Address)],
    refers: &[("/wallet_id", &WALLET)],
    ..NOTHING
};

pub(crate) static TRANSACTION: Kind = ANY_TRANSACTION;

const ANY_TRANSACTION: Kind = Kind {
    name: "transaction",
    schema: "Transaction",
    id: "transaction_id",
    indexed: &["request_id"],
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

/// A deposit is a transaction too: the operations find it as one.
pub(crate) static DEPOSIT: Kind = Kind {
    set: &[
        ("transaction_id", Made::Uuid),
        ("wallet_id", Made::Request(&["/wallet_id"])),
        ("type", Made::Text("Deposit")),
        ("initiator_type", Made::Text("External")),
        ("created_timestamp", Made::Milliseconds),
        ("updated_timestamp", Made::Milliseconds),
    ],
    refers: &[],
    course: Some(&DEPOSIT_COURSE),
    ..ANY_TRANSACTION
};

pub(crate) static TSS_REQUEST: Kind = Kind {
    name: "TSS request",
    schema: "TSSRequest",
    id: "tss_request_id",
    set: &[
        ("tss_request_id", Made::Uuid),
        ("created_timestamp", Made::Milliseconds),
    ],
    refers: &[("/vault_id", &VAULT)],
    filters: &[(
        "key_share_holder_group_id",
        "target_key_share_holder_group_id",
    )],
    course: Some(&TSS_COURSE),
    ..NOTHING
};

pub(crate) static MERCHANT: Kind = Kind {
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

pub(crate) static ORDER: Kind = Kind {
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

pub(crate) static REFUND: Kind = Kind {
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

pub(crate) static ENDPOINT: Kind = Kind {
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

pub(crate) static PAYOUT: Kind = Kind {
    name: "payout",
    schema: "PaymentPayout",
    id: "payout_id",
    set: &[
        ("payout_id", Made::Uuid),
        ("payout_items", Made::Request(&["/payout_params"])),
        ("created_timestamp", Made::Seconds),
        ("updated_timestamp", Made::Seconds),
    ],
    course: Some(&PAYOUT_COURSE),
    ..NOTHING
};

pub(crate) static SETTLEMENT: Kind = Kind {
    name: "settlement",
    schema: "Settlement",
    id: "settlement_request_id",
    set: &[
        ("settlement_request_id", Made::Uuid),
        ("created_timestamp", Made::Seconds),
        ("updated_timestamp", Made::Seconds),
    ],
    refers: &[("/settlements/*/merchant_id", &MERCHANT)],
    course: Some(&SETTLEMENT_COURSE),
    ..NOTHING
};

pub(crate) static FORCED_SWEEP: Kind = Kind {
    name: "forced sweep",
    schema: "ForcedSweep",
    id: "forced_sweep_id",
    set: &[
        ("forced_sweep_id", Made::Uuid),
        ("created_timestamp", Made::Seconds),
        ("updated_timestamp", Made::Seconds),
    ],
    refers: &[("/wallet_id", &WALLET)],
    course: Some(&SWEEP_COURSE),
    ..NOTHING
};

/// Sweeps a token of a wallet. Its transactions are made when it is `TransactionCreated`.
pub(crate) static SWEEP_TASK: Kind = Kind {
    name: "auto-sweep task",
    schema: "AutoSweepTask",
    id: "task_id",
    set: &[
        ("task_id", Made::Uuid),
        ("transaction_ids", Made::EmptyList),
        ("failed_reasons", Made::EmptyList),
        ("created_timestamp", Made::Milliseconds),
        ("updated_timestamp", Made::Milliseconds),
    ],
    refers: &[("/wallet_id", &WALLET)],
    course: Some(&SWEEP_TASK_COURSE),
    ..NOTHING
};

/// The address at which a wallet collects the tokens of a chain.
pub(crate) static SWEEP_ADDRESS: Kind = Kind {
    name: "sweep-to address",
    schema: "SweepToAddress",
    id: "address",
    set: &[("address", Made::Address), ("status", Made::Text("Valid"))],
    refers: &[("/wallet_id", &WALLET)],
    ..NOTHING
};

pub(crate) static TOP_UP_ADDRESS: Kind = Kind {
    name: "top-up address of this payer",
    schema: "TopUpAddress",
    id: "address",
    same: &["custom_payer_id", "merchant_id", "token_id"],
    also: &["developer_fee_rate"],
    set: &[
        ("address", Made::Address),
        ("payer_id", Made::IdOf("/custom_payer_id")),
        ("chain", Made::ChainOf(&["/token_id"])),
        ("created_timestamp", Made::Seconds),
        ("updated_timestamp", Made::Seconds),
    ],
    refers: &[("/merchant_id", &MERCHANT)],
    ..NOTHING
};

/// What a payer sends to a top-up address.
pub(crate) static TOP_UP: Kind = Kind {
    name: "top-up",
    schema: "PaymentTransaction",
    id: "tx_id",
    set: &[
        ("tx_id", Made::Uuid),
        ("created_timestamp", Made::Milliseconds),
        ("updated_timestamp", Made::Milliseconds),
    ],
    filters: &[("transaction_ids", "tx_id")],
    course: Some(&DEPOSIT_COURSE),
    ..NOTHING
};
