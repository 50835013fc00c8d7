//! `/oauth/token`: the tokens of an organization.

use http::StatusCode;
use serde_json::json;

use super::params::Params;
use crate::lock::lock;
use crate::organization::{Kind, Pair, TokenError};
use crate::reply::{Failure, Reply};
use crate::signature::RequestParts;
use crate::state::State;

/// `get_token`. It revokes nothing: earlier pairs stay valid.
pub(super) fn get(state: &State, query: &str) -> Result<Reply, Failure> {
    let params = Params::from_query(query)?;
    let (client_id, org_id) = (params.required("client_id")?, params.required("org_id")?);
    check_grant_type(&params, "org_implicit")?;
    check_client(state, client_id)?;

    let mut organizations = lock(&state.organizations);
    let granter = organizations
        .get(org_id)
        .map_err(|error| Failure::oauth("invalid_grant", error.to_string()))?
        .org_id
        .clone();
    let pair = organizations
        .issue(Kind::Organization, Some(granter), state.clock.now_ms())
        .map_err(refused)?;
    Ok(reply(&pair))
}

/// `refresh_token`. The official specification marks all three parameters optional; the sandbox requires each of them.
pub(super) fn refresh(state: &State, request: &RequestParts<'_>) -> Result<Reply, Failure> {
    let params = Params::from_json(request.headers, request.body)?;
    let (client_id, token) = (
        params.required("client_id")?,
        params.required("refresh_token")?,
    );
    check_grant_type(&params, "refresh_token")?;
    check_client(state, client_id)?;

    let pair = lock(&state.organizations)
        .rotate(Kind::Organization, token, state.clock.now_ms())
        .map_err(refused)?;
    Ok(reply(&pair))
}

/// Converts a token error to the failure that the caller receives.
pub(super) fn refused(error: TokenError) -> Failure {
    match error {
        TokenError::Dead => Failure::oauth("invalid_grant", error.to_string()),
        TokenError::Randomness(_) => Failure::internal(error.to_string()),
    }
}

fn check_grant_type(params: &Params, wanted: &str) -> Result<(), Failure> {
    if params.required("grant_type")? == wanted {
        return Ok(());
    }
    Err(Failure::oauth(
        "unsupported_grant_type",
        format!("the parameter grant_type must be {wanted}"),
    ))
}

fn check_client(state: &State, client_id: &str) -> Result<(), Failure> {
    if client_id == state.client_id {
        return Ok(());
    }
    Err(Failure::oauth(
        "invalid_client",
        "no app has this client_id",
    ))
}

fn reply(pair: &Pair) -> Reply {
    Reply::json(
        StatusCode::OK,
        json!({
            "access_token": pair.access_token,
            "token_type": "Bearer",
            "scope": "",
            "expires_in": pair.expires_in,
            "refresh_token": pair.refresh_token,
        }),
    )
}
