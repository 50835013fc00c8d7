//! The operations that the sandbox has without a document.

/// One of these operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    GetToken,
    RefreshToken,
    ExchangePermissionToken,
    RefreshPermissionToken,
    GetOrgInfo,
    GetJwks,
}

impl Own {
    pub(crate) const ALL: [Self; 6] = [
        Self::GetToken,
        Self::RefreshToken,
        Self::ExchangePermissionToken,
        Self::RefreshPermissionToken,
        Self::GetOrgInfo,
        Self::GetJwks,
    ];

    /// The operation id, as in Cobo's document; `get_jwks` is not in it.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::GetToken => "get_token",
            Self::RefreshToken => "refresh_token",
            Self::ExchangePermissionToken => "exchange_permission_token",
            Self::RefreshPermissionToken => "refresh_permission_token",
            Self::GetOrgInfo => "get_org_info",
            Self::GetJwks => "get_jwks",
        }
    }

    /// The method, in upper case.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::GetToken | Self::GetOrgInfo | Self::GetJwks => "GET",
            Self::RefreshToken | Self::ExchangePermissionToken | Self::RefreshPermissionToken => {
                "POST"
            }
        }
    }

    /// The full path.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::GetToken | Self::RefreshToken => "/v2/oauth/token",
            Self::ExchangePermissionToken => "/v2/oauth/permission_token/exchange",
            Self::RefreshPermissionToken => "/v2/oauth/permission_token/refresh",
            Self::GetOrgInfo => "/v2/organizations/info",
            Self::GetJwks => "/v2/oauth/authorize/jwks.json",
        }
    }

    /// Whether it is called without a signature.
    pub(crate) fn is_public(self) -> bool {
        self == Self::GetJwks
    }
}
