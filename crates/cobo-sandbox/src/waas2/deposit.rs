//! Payments that come from outside, which a test makes.

use serde_json::{Map, Value, json};

use super::action::create;
use super::amount::Amount;
use super::kind::{ADDRESS, DEPOSIT_RULE, TOP_UP_ADDRESS, TOP_UP_RULE, WALLET};
use super::make::Ingredients;
use super::store::Store;
use crate::reply::Failure;
use crate::spec::Specification;

/// The address that all deposits come from.
const SENDER: &str = "0x00000000000000000000000000000000000d0000";

/// Why [`Sandbox::deposit`](crate::Sandbox::deposit) refused a deposit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepositError {
    /// No address of a wallet or of a payer has this text.
    #[error("the sandbox has no address {0:?}: create it first, with an operation of the sandbox")]
    UnknownAddress(String),
    /// The amount is not a decimal number above zero.
    #[error("{0:?} is not an amount: give a decimal number above zero, such as 1.5")]
    InvalidAmount(String),
    /// The sandbox keeps no state, or the document does not allow the deposit.
    #[error("{0}")]
    Refused(String),
}

/// Makes a deposit to an address, and returns the transaction's id.
pub(super) fn deposit(
    store: &mut Store,
    specification: &Specification,
    address: &str,
    token_id: &str,
    amount: &str,
    now_ms: u64,
) -> Result<String, DepositError> {
    if Amount::parse(amount).is_none_or(Amount::is_zero) {
        return Err(DepositError::InvalidAmount(amount.to_owned()));
    }
    let to_wallet = store.find(&ADDRESS, address);
    let to_payer = store.find(&TOP_UP_ADDRESS, address);
    let (org_id, rule, request, place) = match (to_wallet, to_payer) {
        (Some(found), _) => {
            let org_id = found.org_id.clone();
            let place = found.place.clone();
            let request = to_a_wallet(store, &org_id, &place, address, now_ms);
            (org_id, &DEPOSIT_RULE, request, Map::new())
        }
        (None, Some(found)) => {
            let payer = found.at(now_ms)["custom_payer_id"].clone();
            let place = Map::from_iter([("custom_payer_id".to_owned(), payer)]);
            let request = json!({ "from_address": SENDER, "to_address": address });
            (found.org_id.clone(), &TOP_UP_RULE, request, place)
        }
        (None, None) => return Err(DepositError::UnknownAddress(address.to_owned())),
    };
    let mut request = request;
    request["token_id"] = json!(token_id);
    request["amount"] = json!(amount);
    if request.get("destination").is_some() {
        request["destination"]["amount"] = json!(amount);
    }
    let ingredients = Ingredients {
        specification,
        org_id: &org_id,
        now_ms,
        request: &request,
    };
    let refused = |failure: Failure| DepositError::Refused(failure.to_string());
    let made = create(store, &ingredients, rule, &[], &place).map_err(refused)?;
    let id = made[rule.kind.id].as_str().unwrap_or_default();
    Ok(id.to_owned())
}

/// The fields of a deposit to a wallet.
fn to_a_wallet(
    store: &Store,
    org_id: &str,
    place: &Map<String, Value>,
    address: &str,
    now_ms: u64,
) -> Value {
    let wallet_id = place.get("wallet_id").and_then(Value::as_str);
    let wallet_id = wallet_id.unwrap_or_default();
    let found = store.get(org_id, &WALLET, wallet_id);
    let wallet = found.map(|it| it.at(now_ms)).unwrap_or_default();
    json!({
        "wallet_id": wallet_id,
        "source": { "source_type": "DepositFromAddress", "addresses": [SENDER] },
        "destination": {
            "destination_type": "DepositToAddress",
            "wallet_id": wallet_id,
            "wallet_type": wallet["wallet_type"],
            "wallet_subtype": wallet["wallet_subtype"],
            "address": address,
        },
    })
}
