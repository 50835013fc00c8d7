//! Carries out the operations that the sandbox has without a document.

use http::StatusCode;

use super::{organization, permission_token, token};
use crate::lock::lock;
use crate::organization::Organization;
use crate::reply::{Failure, Reply};
use crate::signature::{RequestParts, split};
use crate::state::{Own, State};

/// Carries an operation out.
pub(super) fn answer(
    own: Own,
    state: &State,
    request: &RequestParts<'_>,
    organization: Option<&Organization>,
) -> Result<Reply, Failure> {
    match own {
        Own::GetToken => token::get(state, split(request.target).1),
        Own::RefreshToken => token::refresh(state, request),
        Own::ExchangePermissionToken => permission_token::exchange(state, request),
        Own::RefreshPermissionToken => permission_token::refresh(state, request),
        Own::GetOrgInfo => organization::info(organization),
        Own::GetJwks => Ok(Reply::json(StatusCode::OK, lock(&state.portal).jwks())),
    }
}
