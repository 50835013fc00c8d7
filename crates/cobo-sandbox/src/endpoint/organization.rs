//! `/organizations/info`: a protected operation that needs an access token.

use http::StatusCode;
use serde_json::json;

use crate::organization::Organization;
use crate::reply::{Failure, Reply};

/// `get_org_info`.
pub(super) fn info(organization: Option<&Organization>) -> Result<Reply, Failure> {
    let organization = organization.ok_or_else(Failure::dead_access_token)?;
    Ok(Reply::json(
        StatusCode::OK,
        json!({
            "org_id": &*organization.org_id,
            "biz_org_id": organization.biz_org_id,
            "name": format!("Sandbox organization {}", organization.biz_org_id),
            "created_timestamp": organization.created_ms,
        }),
    ))
}
