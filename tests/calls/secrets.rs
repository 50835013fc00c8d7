//! No secret is printed: checks the exact `Debug` text of every generated type that holds one.

use cobo_oauth::models;
use cobo_sandbox::Sandbox;
use cobo_tests::client;

const SECRET: &str = "hunter2";

fn pair() -> serde_json::Value {
    serde_json::json!({"access_token": SECRET, "expires_in": 1, "refresh_token": SECRET})
}

#[test]
fn responses_are_redacted() {
    let fields = "access_token: Secret(REDACTED), token_type: None, scope: None, expires_in: 1, \
                  refresh_token: Some(Secret(REDACTED))";
    let got: models::GetToken200Response = serde_json::from_value(pair()).unwrap();
    assert_eq!(
        format!("{got:?}"),
        format!("GetToken200Response {{ {fields} }}")
    );
    let renewed: models::RefreshToken200Response = serde_json::from_value(pair()).unwrap();
    assert_eq!(
        format!("{renewed:?}"),
        format!("RefreshToken200Response {{ {fields} }}")
    );
    let permission: models::PermissionToken201Response = serde_json::from_value(pair()).unwrap();
    assert_eq!(
        format!("{permission:?}"),
        "PermissionToken201Response { access_token: Secret(REDACTED), token_type: None, \
         expires_in: 1, refresh_token: Some(Secret(REDACTED)) }"
    );
}

#[tokio::test]
#[allow(deprecated)]
async fn requests_and_their_builders_are_redacted() {
    let builder = models::RefreshTokenRequest::builder().refresh_token(SECRET);
    assert_eq!(
        format!("{builder:?}"),
        "RefreshTokenRequest(Builder { model: RefreshTokenRequest { client_id: \"\", \
         grant_type: \"\", refresh_token: Secret(REDACTED) }, \
         missing: [\"client_id\", \"grant_type\"] })"
    );
    let request = builder.client_id("c").grant_type("g").build().unwrap();
    assert_eq!(
        format!("{request:?}"),
        "RefreshTokenRequest { client_id: \"c\", grant_type: \"g\", \
         refresh_token: Secret(REDACTED) }"
    );
    let permission = models::RefreshPermissionTokenRequest::builder().refresh_token(SECRET);
    assert_eq!(
        format!("{permission:?}"),
        "RefreshPermissionTokenRequest(Builder { model: RefreshPermissionTokenRequest { \
         refresh_token: Secret(REDACTED) }, missing: [] })"
    );
    assert_eq!(
        format!("{:?}", permission.clone().build().unwrap()),
        "RefreshPermissionTokenRequest { refresh_token: Secret(REDACTED) }"
    );

    let sandbox = Sandbox::start().await.unwrap();
    let client = client::oauth(&sandbox);
    let call = client.refresh_token().refresh_token_request(request);
    assert!(!format!("{call:?}").contains(SECRET));
    let call = client
        .refresh_permission_token()
        .refresh_permission_token_request(permission);
    assert!(!format!("{call:?}").contains(SECRET));
    assert!(!format!("{client:?}").contains(client::SEED));
}

/// `Display` would leak a secret into logs; `PartialEq` would leak it through comparison time.
#[test]
fn secrets_can_be_neither_displayed_nor_compared() {
    /// `HAS` is the inherent constant if the type has the trait, and otherwise this one.
    trait Lacks {
        const HAS: bool = false;
    }
    struct Displayed<T>(std::marker::PhantomData<T>);
    struct Compared<T>(std::marker::PhantomData<T>);
    impl<T> Lacks for Displayed<T> {}
    impl<T> Lacks for Compared<T> {}
    impl<T: std::fmt::Display> Displayed<T> {
        const HAS: bool = true;
    }
    impl<T: PartialEq> Compared<T> {
        const HAS: bool = true;
    }
    let has = [Displayed::<String>::HAS, Compared::<String>::HAS];
    assert_eq!(has, [true, true]);

    macro_rules! assert_neither {
        ($($type:ty),* $(,)?) => {
            $(
                let has = [Displayed::<$type>::HAS, Compared::<$type>::HAS];
                assert_eq!(has, [false, false], stringify!($type));
            )*
        };
    }
    assert_neither!(
        cobo_auth::Secret,
        cobo_auth::SecretKey,
        cobo_auth::AccessToken,
        cobo_auth::Bearer,
        cobo_auth::FixedToken,
        cobo_auth::Ed25519Signer,
        cobo_auth::Secp256k1Signer,
        cobo_oauth::TokenPair,
        cobo_oauth::StoreKey,
        models::GetToken200Response,
        models::RefreshTokenRequest,
    );
}

#[test]
fn serialising_exposes_the_secret_as_documented() {
    let request = models::RefreshPermissionTokenRequest::builder()
        .refresh_token(SECRET)
        .build()
        .unwrap();
    assert_eq!(
        serde_json::to_string(&request).unwrap(),
        format!(r#"{{"refresh_token":"{SECRET}"}}"#)
    );
}
