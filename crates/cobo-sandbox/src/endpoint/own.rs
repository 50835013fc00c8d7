//! Carries out the operations that the sandbox has without a document.

use http::StatusCode;

use super::{organization, permission_token, token};
use crate::lock::lock;
use crate::organization::Organization;
use crate::reply::{Failure, Reply};
use crate::signature::{RequestParts, split};
use crate::state::{OwnOperation, State};

/// Carries an operation out.
pub(super) fn answer(
    own: OwnOperation,
    state: &State,
    request: &RequestParts<'_>,
    organization: Option<&Organization>,
) -> Result<Reply, Failure> {
    match own {
        OwnOperation::GetToken => token::get(state, split(request.target).1),
        OwnOperation::RefreshToken => token::refresh(state, request),
        OwnOperation::ExchangePermissionToken => permission_token::exchange(state, request),
        OwnOperation::RefreshPermissionToken => permission_token::refresh(state, request),
        OwnOperation::GetOrgInfo => organization::info(organization),
        OwnOperation::GetJwks => Ok(Reply::json(StatusCode::OK, lock(&state.portal).jwks())),
    }
}
