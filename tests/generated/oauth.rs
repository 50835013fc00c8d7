//! The generated OAuth client against the sandbox, and against servers that answer incorrectly.

use std::time::Duration;

use cobo_auth::{ErrorCode, ErrorKind, FixedToken, Secret};
use cobo_oauth::{OAuthClient, models};
use cobo_sandbox::Sandbox;
use cobo_tests::canned::{self, Canned};
use cobo_tests::client;
use http::Method;

const ORG_ID: &str = cobo_sandbox::DEMO_ORG_ID;

fn get_token(client: &OAuthClient) -> cobo_oauth::operations::GetToken {
    client
        .get_token()
        .client_id(cobo_sandbox::DEMO_CLIENT_ID)
        .org_id(ORG_ID)
        .grant_type("org_implicit")
}

fn refresh(token: &Secret) -> models::builder::RefreshTokenRequest {
    models::RefreshTokenRequest::builder()
        .client_id(cobo_sandbox::DEMO_CLIENT_ID)
        .grant_type("refresh_token")
        .refresh_token(token.clone())
}

async fn organization(auth: &cobo_auth::Client, token: &Secret) -> Result<(), cobo_auth::Error> {
    let credential = FixedToken::new(token.clone()).unwrap();
    let request = auth
        .request(Method::GET, "/organizations/info")
        .credential(credential);
    request.send().await.map(|_| ())
}

#[tokio::test]
async fn issued_token_works_and_its_refresh_token_works_only_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let (auth, client) = (client::auth(&sandbox), client::oauth(&sandbox));
    let issued = get_token(&client).send().await.unwrap().into_inner();
    organization(&auth, &issued.access_token).await.unwrap();

    let first = issued.refresh_token.unwrap();
    let call = || {
        client
            .refresh_token()
            .refresh_token_request(refresh(&first))
    };
    let renewed = call().send().await.unwrap();
    organization(&auth, &renewed.access_token).await.unwrap();

    let error = call().send().await.unwrap_err();
    assert_eq!(error.oauth_error(), Some("invalid_grant"));
    assert!(!error.is_retryable());

    let second = renewed.refresh_token.clone().unwrap();
    assert!(
        client
            .refresh_token()
            .refresh_token_request(refresh(&second))
            .send()
            .await
            .is_ok()
    );
    assert!(sandbox.received().iter().all(|request| request.accepted));
}

#[tokio::test]
async fn expired_token_error_is_detected() {
    let sandbox = Sandbox::start().await.unwrap();
    let (auth, client) = (client::auth(&sandbox), client::oauth(&sandbox));
    let issued = get_token(&client).send().await.unwrap();
    sandbox.advance(Duration::from_secs(43_200));
    let error = organization(&auth, &issued.access_token).await.unwrap_err();
    assert!(error.is_token_expired());
    assert_eq!(
        (error.status().unwrap().as_u16(), error.code()),
        (500, Some(ErrorCode::INTERNAL))
    );
}

#[tokio::test]
async fn each_server_rejection_has_its_own_error_code() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client::oauth(&sandbox);
    let stranger = get_token(&client)
        .org_id("another")
        .send()
        .await
        .unwrap_err();
    assert_eq!(stranger.oauth_error(), Some("invalid_grant"));
    let app = get_token(&client)
        .client_id("another")
        .send()
        .await
        .unwrap_err();
    assert_eq!(app.oauth_error(), Some("invalid_client"));
    let grant = get_token(&client)
        .grant_type("password")
        .send()
        .await
        .unwrap_err();
    assert_eq!(grant.oauth_error(), Some("unsupported_grant_type"));
    for error in [stranger, app, grant] {
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.operation(), Some("get_token"));
    }

    let signer = cobo_auth::Ed25519Signer::from_seed(&[9; 32]);
    let unknown = cobo_auth::Client::new(client::environment(&sandbox), signer).unwrap();
    let error = get_token(&OAuthClient::new(unknown))
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.code()),
        (401, Some(ErrorCode::AUTHENTICATION))
    );
    assert!(error.is_auth());
    assert_eq!(error.clock_ahead_seconds(), None);
}

#[tokio::test]
#[allow(deprecated)] // deprecated operations still work
async fn permission_token_can_be_obtained_and_refreshed() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client::oauth(&sandbox);
    let request =
        models::ExchangePermissionTokenRequest::builder().permission_type("payment_orders_payin");
    let issued = client
        .exchange_permission_token()
        .exchange_permission_token_request(request)
        .send()
        .await
        .unwrap();
    assert_eq!((issued.status().as_u16(), issued.expires_in), (201, 3_600));

    let request = models::RefreshPermissionTokenRequest::builder()
        .refresh_token(issued.refresh_token.clone().unwrap());
    let renewed = client
        .refresh_permission_token()
        .refresh_permission_token_request(request)
        .send()
        .await
        .unwrap();
    assert_eq!(renewed.status(), 201);
    assert!(!renewed.access_token.is_empty());
}

#[tokio::test]
async fn all_missing_fields_are_reported_at_once_before_sending() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client::oauth(&sandbox);
    let error = client.get_token().send().await.unwrap_err();
    assert_eq!(
        error.missing_fields(),
        ["client_id", "org_id", "grant_type"]
    );
    // An empty value would not be sent.
    let error = get_token(&client).org_id("").send().await.unwrap_err();
    assert_eq!(error.missing_fields(), ["org_id"]);
    let error = client.get_token().org_id("o").send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "get_token: missing required fields: client_id, grant_type"
    );
    assert!(sandbox.received().is_empty());
}

async fn answered(body: &str) -> Result<models::GetToken200Response, cobo_auth::Error> {
    let server = Canned::start([canned::signed("200 OK", body)]).await;
    let client = OAuthClient::new(client::builder(server.environment()).build().unwrap());
    get_token(&client)
        .send()
        .await
        .map(cobo_auth::Response::into_inner)
}

#[tokio::test]
async fn success_response_without_a_usable_token_is_a_decode_error() {
    for (body, says) in [
        (
            r#"{"access_token":"","expires_in":1}"#,
            "access_token: the string is empty",
        ),
        (
            r#"{"access_token":"hunter2","expires_in":0}"#,
            "expires_in: the number is less than 1",
        ),
        (
            r#"{"access_token":"hunter2","expires_in":-5}"#,
            "expires_in: the number is less than 1",
        ),
        (
            r#"{"expires_in":1}"#,
            "missing required fields: access_token",
        ),
        (
            r#"{"access_token":"hunter2"}"#,
            "missing required fields: expires_in",
        ),
        ("{}", "missing required fields: access_token, expires_in"),
        (
            r#"{"access_token":7,"expires_in":1}"#,
            "access_token: expected a string",
        ),
        (
            r#"{"access_token":"hunter2","expires_in":"hunter2"}"#,
            "expires_in: expected an integer",
        ),
        (r#"{"access_token":"hunter2"#, "ends too early"),
        ("hunter2", "not valid JSON"),
        ("", "ends too early"),
        ("null", "expected an object"),
        (r#"["hunter2","Bearer","",1,"r"]"#, "expected an object"),
    ] {
        let error = answered(body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(error.status().unwrap(), 200);
        assert_eq!(error.operation(), Some("get_token"));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(says), "{body}: {shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test]
async fn success_response_with_a_content_type_other_than_json_is_an_error() {
    let body = r#"{"access_token":"a","expires_in":1}"#;
    let fetch = |content_type: &str| {
        let headers = format!(
            "content-type: {content_type}\r\n{}",
            canned::signature(body)
        );
        let answer = canned::plain("200 OK", &headers, body);
        async move {
            let server = Canned::start([answer]).await;
            let client = OAuthClient::new(client::builder(server.environment()).build().unwrap());
            get_token(&client).send().await.map(|_| ())
        }
    };
    let error = fetch("text/html; charset=utf-8").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "get_token: the response does not decode: its content type is text/html; `success_body` \
         has its bytes (HTTP 200); the request may have been carried out"
    );
    for json in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/x+json",
    ] {
        fetch(json).await.unwrap();
    }
}

#[tokio::test]
async fn unknown_fields_and_missing_optional_fields_are_accepted() {
    let token = answered(r#"{"new":{"x":[1]},"access_token":"a","expires_in":2}"#)
        .await
        .unwrap();
    assert_eq!((token.access_token.expose(), token.expires_in), ("a", 2));
    assert!(token.refresh_token.is_none() && token.scope.is_none());
}

#[tokio::test]
async fn error_response_is_never_decoded_as_success() {
    for body in [
        r#"{"error":"invalid_grant","error_description":"d"}"#,
        r#"{"error_code":2000,"error_message":"m","error_id":"i"}"#,
    ] {
        assert_eq!(answered(body).await.unwrap_err().kind(), ErrorKind::Api);
    }
    let server = Canned::start([canned::signed(
        "400 Bad Request",
        r#"{"access_token":"a","expires_in":1}"#,
    )])
    .await;
    let client = OAuthClient::new(client::builder(server.environment()).build().unwrap());
    let error = get_token(&client).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
}

#[test]
fn client_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<OAuthClient>();
    shared::<cobo_auth::Client>();
    shared::<cobo_auth::Error>();
}

#[tokio::test]
async fn calls_can_run_in_spawned_tasks() {
    let sandbox = Sandbox::start().await.unwrap();
    let (auth, client) = (client::auth(&sandbox), client::oauth(&sandbox));
    let raw = tokio::spawn(async move { auth.request(Method::GET, "/nowhere").send().await });
    assert_eq!(raw.await.unwrap().unwrap_err().status().unwrap(), 404);
    let generated = tokio::spawn(async move { get_token(&client).send().await.map(|_| ()) });
    generated.await.unwrap().unwrap();
}
