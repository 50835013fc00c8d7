//! `/organizations/info`: the protected endpoint to try an access token on.

use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::bearer;
use crate::reply::{Failure, Reply};
use crate::state::{State, lock};

/// `get_org_info`.
pub(super) fn info(state: &State, headers: &HeaderMap) -> Result<Reply, Failure> {
    let token = bearer(headers)?
        .ok_or_else(|| Failure::unauthenticated("the header Authorization is missing"))?;
    let organizations = lock(&state.organizations);
    let organization = organizations
        .of_access_token(token, state.clock.now_ms())
        .ok_or_else(Failure::dead_access_token)?;
    Ok(Reply::new(
        StatusCode::OK,
        json!({
            "org_id": &*organization.org_id,
            "biz_org_id": organization.biz_org_id,
            "name": format!("Sandbox organization {}", organization.biz_org_id),
            "created_timestamp": organization.created_ms,
        }),
    ))
}
