//! User info tokens that the sandbox issues, verified by a client of the sandbox.

use std::time::Duration;

use cobo_auth::{
    HttpOptions, JwksError, RoleName, Secret, UserInfoError, UserInfoErrorKind, UserInfoVerifier,
};
use cobo_sandbox::{Answer, Sandbox};
use cobo_tests::client;
use http::StatusCode;
use serde_json::json;

fn verifier(sandbox: &Sandbox) -> UserInfoVerifier {
    verifier_with(sandbox, HttpOptions::new())
}

fn verifier_with(sandbox: &Sandbox, http: HttpOptions) -> UserInfoVerifier {
    let client = client::builder(client::environment(sandbox)).http(http);
    client::user_info(&client.build().unwrap(), sandbox)
}

fn jwks_error(error: &UserInfoError) -> &JwksError {
    let source = std::error::Error::source(error).unwrap();
    source.downcast_ref().unwrap()
}

#[tokio::test]
async fn user_info_token_of_the_sandbox_verifies_until_it_expires() {
    let sandbox = Sandbox::start().await.unwrap();
    let verifier = verifier(&sandbox);
    let changes = json!({ "role_names": ["Operator", "Auditor"], "email": null, "team": 7 });
    let token = Secret::new(sandbox.user_info_token(changes));
    let user = verifier.verify(&token).await.unwrap();
    assert_eq!(user.sub, "1234");
    assert_eq!(user.email, None);
    let auditor = RoleName::Unknown("Auditor".to_owned());
    assert_eq!(user.role_names, [RoleName::Operator, auditor]);
    assert_eq!(user.exp - user.iat, 300);
    assert_eq!(user.other["team"], 7);

    sandbox.advance(Duration::from_secs(301));
    let later = Secret::new(sandbox.user_info_token(json!({})));
    let error = verifier.verify(&later).await.unwrap_err();
    assert_eq!(error.kind(), UserInfoErrorKind::InFuture);
    let requests = sandbox.received();
    assert_eq!(requests.len(), 1);
    assert!(
        requests[0]
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("biz"))
    );
}

#[tokio::test]
async fn rotated_key_of_the_portal_is_fetched_after_the_interval() {
    let sandbox = Sandbox::start().await.unwrap();
    let verifier = verifier(&sandbox);
    let old = Secret::new(sandbox.user_info_token(json!({})));
    verifier.verify(&old).await.unwrap();

    sandbox.rotate_portal_key();
    let new = Secret::new(sandbox.user_info_token(json!({})));
    let error = verifier.verify(&new).await.unwrap_err();
    assert_eq!(error.kind(), UserInfoErrorKind::UnknownKey);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
    verifier.verify(&new).await.unwrap();
    // The JWKS still has the key before the rotation.
    verifier.verify(&old).await.unwrap();
    assert_eq!(sandbox.received().len(), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_for_an_hour_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let verifier = verifier(&sandbox);
    let token = Secret::new(sandbox.user_info_token(json!({})));
    verifier.verify(&token).await.unwrap();
    let failure = Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000);
    sandbox.script("get_jwks", [failure]).unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    tokio::time::resume();
    let error = verifier.verify(&token).await.unwrap_err();
    assert_eq!(error.kind(), UserInfoErrorKind::KeysTooOld);
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn scripted_failures_of_the_jwks_reach_the_verifier() {
    let sandbox = Sandbox::start().await.unwrap();
    let elsewhere = "https://attacker.example/jwks.json";
    let redirect = Answer::empty(StatusCode::FOUND).header("Location", elsewhere);
    let hang = Answer::as_usual().delay(Duration::from_secs(3_600));
    let huge = Answer::text(StatusCode::OK, " ".repeat(10_000_000));
    let failure = Answer::error(StatusCode::INTERNAL_SERVER_ERROR, 2000);
    type Check = fn(&JwksError) -> bool;
    let cases: [(Answer, Check); 5] = [
        (redirect, |it| matches!(it, JwksError::Redirect)),
        (hang, |it| matches!(it, JwksError::Timeout(_))),
        (huge, |it| matches!(it, JwksError::TooLarge)),
        (
            failure,
            |it| matches!(it, JwksError::Status(status) if *status == 500),
        ),
        (Answer::as_usual().torn(), |it| {
            matches!(it, JwksError::Transport(_))
        }),
    ];
    let token = Secret::new(sandbox.user_info_token(json!({})));
    for (answer, expected) in cases {
        sandbox.script("get_jwks", [answer]).unwrap();
        let http = HttpOptions::new().timeout(Duration::from_millis(1_500));
        let verifier = verifier_with(&sandbox, http);
        let error = verifier.verify(&token).await.unwrap_err();
        assert_eq!(error.kind(), UserInfoErrorKind::KeysUnavailable);
        assert!(expected(jwks_error(&error)), "{error:?}");
    }
    verifier(&sandbox).verify(&token).await.unwrap();
}
