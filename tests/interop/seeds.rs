//! Runs the examples of the official Go and JavaScript reference pages, in Rust, against the
//! sandbox.

use cobo_auth::{Ed25519Signer, ErrorKind};
use cobo_oauth::{OAuthClient, models};
use cobo_sandbox::Sandbox;
use cobo_tests::client;

const CLIENT_ID: &str = "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij";
const ORG_ID: &str = "e3986401-4aec-480a-973d-e775a4518413";

/// As in each example of both pages: an environment, a key, a client.
fn client(sandbox: &Sandbox) -> OAuthClient {
    let signer = Ed25519Signer::from_hex(client::SEED).unwrap();
    let auth = cobo_auth::Client::new(client::environment(sandbox), signer).unwrap();
    OAuthClient::new(auth)
}

#[tokio::test]
async fn go_example_for_get_token_works() {
    let sandbox = Sandbox::start().await.unwrap();
    let client_id = CLIENT_ID;
    let org_id = ORG_ID;
    let grant_type = "org_implicit";

    let client = client(&sandbox);
    // The return type as the page gives it.
    let response: cobo_oauth::Response<models::GetToken200Response> = client
        .get_token()
        .client_id(client_id)
        .org_id(org_id)
        .grant_type(grant_type)
        .send()
        .await
        .unwrap();

    assert_eq!(response.status(), 200);
    assert!(!response.access_token.is_empty());
    assert_eq!(response.expires_in, 43_199);
    assert_eq!(response.token_type.as_deref(), Some("Bearer"));
    assert_eq!(response.scope.as_deref(), Some(""));
    assert!(
        response
            .refresh_token
            .as_ref()
            .is_some_and(|token| !token.is_empty())
    );

    let received = &sandbox.received()[0];
    assert_eq!(received.method, "GET");
    assert_eq!(received.path(), "/v2/oauth/token");
    // The page's HTTP request headers: no content type, and JSON accepted.
    assert!(!received.headers.contains_key("content-type"));
    assert_eq!(received.headers["accept"], "application/json");
    for header in ["biz-api-key", "biz-api-nonce", "biz-api-signature"] {
        assert!(received.headers.contains_key(header));
    }
    assert!(!received.headers.contains_key("api-version"));
}

#[tokio::test]
async fn go_example_with_an_empty_refresh_request_reports_missing_fields() {
    let sandbox = Sandbox::start().await.unwrap();
    let refresh_token_request = models::RefreshTokenRequest::builder();

    let error = client(&sandbox)
        .refresh_token()
        .refresh_token_request(refresh_token_request)
        .send()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.missing_fields(),
        [
            "refresh_token_request.client_id",
            "refresh_token_request.grant_type",
            "refresh_token_request.refresh_token",
        ]
    );
    assert_eq!(
        error.to_string(),
        "refresh_token: missing required fields: refresh_token_request.client_id, \
         refresh_token_request.grant_type, refresh_token_request.refresh_token"
    );
    assert!(sandbox.received().is_empty());
}

#[tokio::test]
async fn go_example_with_a_complete_refresh_request_works() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let refresh_token_request = models::RefreshTokenRequest::builder()
        .client_id(CLIENT_ID)
        .grant_type("refresh_token")
        .refresh_token(issue(&client).await)
        .build()
        .unwrap();

    // The Go page returns the first of two equal models; this crate returns the operation's own
    // model.
    let response: cobo_oauth::Response<models::RefreshToken200Response> = client
        .refresh_token()
        .refresh_token_request(refresh_token_request)
        .send()
        .await
        .unwrap();

    assert_eq!(response.expires_in, 43_199);
    let received = &sandbox.received()[1];
    assert_eq!(
        (received.method.as_str(), received.path()),
        ("POST", "/v2/oauth/token")
    );
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.headers["accept"], "application/json");
}

#[tokio::test]
async fn javascript_example_for_get_token_works_and_prints_no_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let client_id = "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij";
    let org_id = "e3986401-4aec-480a-973d-e775a4518413";
    let grant_type = "org_implicit";

    let data = client(&sandbox)
        .get_token()
        .client_id(client_id)
        .org_id(org_id)
        .grant_type(grant_type)
        .send()
        .await
        .unwrap()
        .into_inner();

    // The page prints the returned data; this crate never prints a token.
    assert_eq!(
        format!("API called successfully. Returned data: {data:?}"),
        "API called successfully. Returned data: GetToken200Response { \
         access_token: Secret(REDACTED), token_type: Some(\"Bearer\"), scope: Some(\"\"), \
         expires_in: 43199, refresh_token: Some(Secret(REDACTED)) }"
    );
}

#[tokio::test]
async fn javascript_example_with_an_empty_refresh_request_reports_missing_fields() {
    let sandbox = Sandbox::start().await.unwrap();
    // A request without any fields is an empty request as well.
    let error = client(&sandbox).refresh_token().send().await.unwrap_err();
    let missing = error.missing_fields().join(" ");
    for field in ["client_id", "grant_type", "refresh_token"] {
        assert!(missing.contains(&format!(".{field}")), "{missing}");
    }
    assert!(sandbox.received().is_empty());

    let missing = models::RefreshTokenRequest::builder().build().unwrap_err();
    assert_eq!(
        missing.names(),
        ["client_id", "grant_type", "refresh_token"]
    );
}

#[tokio::test]
async fn javascript_example_with_a_complete_refresh_request_works() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let refresh_token_request = models::RefreshTokenRequest::builder()
        .client_id(CLIENT_ID)
        .grant_type("refresh_token")
        .refresh_token(issue(&client).await);

    let data: models::RefreshToken200Response = client
        .refresh_token()
        .refresh_token_request(refresh_token_request)
        .send()
        .await
        .unwrap()
        .into_inner();

    assert!(!data.access_token.is_empty());
    assert!(data.refresh_token.is_some());
}

async fn issue(client: &OAuthClient) -> cobo_auth::Secret {
    let issued = client
        .get_token()
        .client_id(CLIENT_ID)
        .org_id(ORG_ID)
        .grant_type("org_implicit")
        .send()
        .await
        .unwrap();
    issued.into_inner().refresh_token.unwrap()
}
