//! `/oauth/permission_token`: tokens for one permission, deprecated by Cobo.

use http::StatusCode;
use serde_json::json;

use super::bearer::bearer;
use super::params::Params;
use super::token::refused;
use crate::lock::lock;
use crate::organization::{Kind, Pair};
use crate::reply::{Failure, Reply};
use crate::signature::RequestParts;
use crate::state::State;

/// `exchange_permission_token`.
///
/// Cobo does not document whether this operation takes an organization's bearer token. Without one, the pair belongs to
/// no organization. A bearer token that is sent must be valid, and the pair then ends with the organization's
/// installation.
pub(super) fn exchange(state: &State, request: &RequestParts<'_>) -> Result<Reply, Failure> {
    let params = Params::from_json(request.headers, request.body)?;
    if params.required("permission_type")? != "payment_orders_payin" {
        return Err(Failure::invalid_request(
            "the parameter permission_type must be payment_orders_payin",
        ));
    }

    let now_ms = state.clock.now_ms();
    let mut organizations = lock(&state.organizations);
    let granter = match bearer(request.headers)? {
        None => None,
        Some(token) => {
            let organization = organizations.of_access_token(token, now_ms);
            Some(
                organization
                    .ok_or_else(Failure::dead_access_token)?
                    .org_id
                    .clone(),
            )
        }
    };
    let pair = organizations
        .issue(Kind::Permission, granter, now_ms)
        .map_err(refused)?;
    Ok(reply(&pair))
}

/// `refresh_permission_token`.
pub(super) fn refresh(state: &State, request: &RequestParts<'_>) -> Result<Reply, Failure> {
    let params = Params::from_json(request.headers, request.body)?;
    let token = params.required("refresh_token")?;
    let pair = lock(&state.organizations)
        .rotate(Kind::Permission, token, state.clock.now_ms())
        .map_err(refused)?;
    Ok(reply(&pair))
}

fn reply(pair: &Pair) -> Reply {
    Reply::json(
        StatusCode::CREATED,
        json!({
            "access_token": pair.access_token,
            "token_type": "Bearer",
            "expires_in": pair.expires_in,
            "refresh_token": pair.refresh_token,
        }),
    )
}
