//! User info tokens: which are accepted, which are refused and why, and how often the portal's keys
//! are fetched.

#![cfg(feature = "user-info")]
#![allow(clippy::unwrap_used)] // a panic fails the test

mod attacks;
mod fetches;
mod portal;

use std::time::Duration;

use cobo_auth::{
    Client, Ed25519Signer, Environment, ErrorKind, HttpOptions, ResponseKeys, RoleName, Secret,
    UserInfoErrorKind, UserInfoVerifier,
};
use portal::*;
use serde_json::{Value, json};

#[tokio::test]
async fn claims_of_a_genuine_token_are_typed_and_unknown_ones_are_kept() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let user = verify(&portal.verifier(), &key.token("k", &claims()))
        .await
        .unwrap();
    assert_eq!(user.sub, "1234");
    assert_eq!(user.email.as_deref(), Some("dev@example.com"));
    let treasurer = RoleName::Unknown("Treasurer".to_owned());
    assert_eq!(user.role_names, [RoleName::Viewer, treasurer]);
    assert_eq!(
        (user.iss.as_str(), user.aud),
        (ISSUER, vec![CLIENT_ID.to_owned()])
    );
    assert_eq!((user.iat, user.exp), (NOW - 10, NOW + 290));
    assert_eq!(user.jti.as_deref(), Some("6a02"));
    assert_eq!(
        Value::Object(user.other),
        json!({ "theme": { "dark": true } })
    );
}

#[tokio::test]
async fn each_asymmetric_algorithm_is_accepted() {
    let keys = [
        Key::ed25519(1),
        Key::rs256(),
        Key::ps512(),
        Key::es256(),
        Key::es384(),
    ];
    let jwks: Vec<Value> = keys.iter().map(|key| key.jwk(key.algorithm())).collect();
    let portal = Portal::serving(&jwks.iter().collect::<Vec<_>>()).await;
    let verifier = portal.verifier();
    for key in &keys {
        let name = key.algorithm();
        let token = key.token(name, &claims());
        assert!(verify(&verifier, &token).await.is_ok(), "{name}");
        let (message, _) = token.rsplit_once('.').unwrap();
        let other = key.token(name, &with_claim("sub", "1"));
        let (_, signature) = other.rsplit_once('.').unwrap();
        let error = verify(&verifier, &format!("{message}.{signature}")).await;
        assert_eq!(
            error.unwrap_err().kind(),
            UserInfoErrorKind::WrongSignature,
            "{name}"
        );
    }
    assert_eq!(portal.requests().len(), 1);
}

#[tokio::test]
async fn claims_are_checked_with_the_leeway_on_both_sides() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let verifier = portal.verifier();
    let list = |items: &[&str]| json!(items);
    for (name, value, expected) in [
        ("exp", json!(NOW - 29), None),
        ("exp", json!(NOW - 30), Some(UserInfoErrorKind::Expired)),
        ("exp", json!(0), Some(UserInfoErrorKind::Expired)),
        ("exp", json!(u64::MAX), None),
        ("exp", json!(NOW as f64 + 0.5), None),
        ("exp", json!(-1), Some(UserInfoErrorKind::MalformedClaim)),
        (
            "exp",
            json!("soon"),
            Some(UserInfoErrorKind::MalformedClaim),
        ),
        ("exp", Value::Null, Some(UserInfoErrorKind::MissingClaim)),
        ("iat", json!(NOW + 30), None),
        ("iat", json!(NOW + 31), Some(UserInfoErrorKind::InFuture)),
        ("iat", Value::Null, Some(UserInfoErrorKind::MissingClaim)),
        ("nbf", json!(NOW + 30), None),
        ("nbf", json!(NOW + 31), Some(UserInfoErrorKind::InFuture)),
        ("nbf", json!("now"), Some(UserInfoErrorKind::MalformedClaim)),
        (
            "iss",
            json!("https://portal.example"),
            Some(UserInfoErrorKind::WrongIssuer),
        ),
        (
            "iss",
            json!([ISSUER]),
            Some(UserInfoErrorKind::MalformedClaim),
        ),
        ("iss", Value::Null, Some(UserInfoErrorKind::MissingClaim)),
        (
            "aud",
            json!("another-app"),
            Some(UserInfoErrorKind::WrongAudience),
        ),
        ("aud", list(&["another-app", CLIENT_ID]), None),
        (
            "aud",
            list(&["another-app"]),
            Some(UserInfoErrorKind::WrongAudience),
        ),
        ("aud", list(&[]), Some(UserInfoErrorKind::WrongAudience)),
        ("aud", json!([1]), Some(UserInfoErrorKind::MalformedClaim)),
        ("aud", Value::Null, Some(UserInfoErrorKind::MissingClaim)),
        ("sub", Value::Null, Some(UserInfoErrorKind::MissingClaim)),
        ("sub", json!(1234), Some(UserInfoErrorKind::MalformedClaim)),
        ("email", Value::Null, None),
        ("email", json!(1), Some(UserInfoErrorKind::MalformedClaim)),
        ("role_names", Value::Null, None),
        (
            "role_names",
            json!("Admin"),
            Some(UserInfoErrorKind::MalformedClaim),
        ),
        ("jti", Value::Null, None),
    ] {
        let shown = format!("{name}: {value}");
        let token = key.token("k", &with_claim(name, value));
        let kind = verify(&verifier, &token).await.err().map(|it| it.kind());
        assert_eq!(kind, expected, "{shown}");
    }
}

#[tokio::test]
async fn payload_that_is_not_an_object_is_refused() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    for payload in [json!([]), json!("sub"), json!(null)] {
        let error = verify(&portal.verifier(), &key.token("k", &payload)).await;
        assert_eq!(
            error.unwrap_err().kind(),
            UserInfoErrorKind::MalformedPayload
        );
    }
}

#[tokio::test]
async fn audience_and_leeway_can_be_set() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let verifier = portal.builder().audience("another-app");
    let verifier = verifier.leeway(Duration::ZERO).build().unwrap();
    let kind = async |name: &str, value: Value| {
        let mut claims = with_claim("aud", "another-app");
        claims[name] = value;
        let verified = verify(&verifier, &key.token("k", &claims)).await;
        verified.err().map(|error| error.kind())
    };
    assert_eq!(kind("exp", json!(NOW + 1)).await, None);
    assert_eq!(
        kind("exp", json!(NOW)).await,
        Some(UserInfoErrorKind::Expired)
    );
    assert_eq!(
        kind("aud", json!(CLIENT_ID)).await,
        Some(UserInfoErrorKind::WrongAudience)
    );
}

#[tokio::test]
async fn verifier_needs_an_issuer_a_client_id_and_https() {
    let portal = Portal::serving(&[]).await;
    let custom = UserInfoVerifier::builder_without_client(&portal.environment(), CLIENT_ID);
    let error = custom.build().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("UserInfoVerifierBuilder::issuer"),
        "{error}"
    );
    let custom = UserInfoVerifier::builder_without_client(&portal.environment(), "");
    let error = custom.issuer(ISSUER).build().unwrap_err();
    assert!(error.to_string().contains("client id"), "{error}");
    let keys = ResponseKeys::unverified();
    let plain = Environment::custom("http://cobo.example/v2", keys).unwrap();
    let builder = UserInfoVerifier::builder_without_client(&plain, CLIENT_ID);
    let error = builder.issuer(ISSUER).build().unwrap_err();
    assert!(error.to_string().contains("plain http"), "{error}");
    let builder = portal.builder().max_key_age(Duration::from_secs(9));
    let error = builder.build().unwrap_err();
    assert!(error.to_string().contains("max_key_age"), "{error}");
    for (environment, issuer) in [
        (Environment::development(), "https://portal.dev.cobo.com/"),
        (Environment::production(), "https://portal.cobo.com/"),
    ] {
        let builder = UserInfoVerifier::builder_without_client(&environment, CLIENT_ID);
        assert!(format!("{builder:?}").contains(issuer), "{builder:?}");
    }
}

/// An attacker on the network path could serve a JWKS with false keys.
#[test]
fn plain_http_to_another_machine_is_refused_even_if_the_client_allows_it() {
    let keys = ResponseKeys::unverified();
    let plain = Environment::custom("http://cobo.example/v2", keys).unwrap();
    let client = Client::builder(plain, Ed25519Signer::from_seed(&[7; 32]));
    let client = client.danger_allow_plain_http().build().unwrap();
    let builder = || UserInfoVerifier::builder(&client, CLIENT_ID).issuer(ISSUER);
    for builder in [builder(), builder().http(HttpOptions::new())] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let text = error.to_string();
        assert!(
            text.contains("plain http") && text.contains("forge"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn debug_of_claims_shows_no_personal_data() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let mut claims = with_claim("phone", "555-0100");
    claims["sub"] = json!("1234");
    let user = verify(&portal.verifier(), &key.token("k", &claims))
        .await
        .unwrap();
    assert_eq!(user.email.as_deref(), Some("dev@example.com"));
    let shown = format!("{user:?} {user:#?}");
    for secret in ["dev@", "example.com", "555-0100", "dark"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    for kept in ["1234", "Viewer", ISSUER, r#"Some("REDACTED")"#, "phone"] {
        assert!(shown.contains(kept), "{kept}: {shown}");
    }
}

#[tokio::test]
async fn verifier_without_a_client_verifies() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let builder = UserInfoVerifier::builder_without_client(&portal.environment(), CLIENT_ID);
    let verifier = builder.issuer(ISSUER).build().unwrap();
    // The machine's clock is not the clock of the token.
    let mut claims = with_claim("exp", u64::MAX);
    claims["iat"] = json!(0);
    assert!(verify(&verifier, &key.token("k", &claims)).await.is_ok());
}

#[tokio::test]
async fn debug_and_errors_show_no_part_of_the_token() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let verifier = portal.verifier();
    for (name, value) in [
        ("sub", json!("hunter2")),
        ("exp", json!(NOW - 3_600)),
        ("iss", json!("https://hunter2.example")),
        ("aud", json!(["hunter2"])),
        ("email", json!({ "hunter2": 1 })),
    ] {
        let token = key.token("k", &with_claim(name, value));
        let secret = Secret::new(token.as_str());
        let mut shown = format!("{secret:?} {verifier:?} ");
        match verifier.verify(&secret).await {
            Ok(_) => assert_eq!(name, "sub"),
            Err(error) => shown.push_str(&format!("{error} {error:?}")),
        }
        assert!(!shown.contains("hunter2"), "{name}: {shown}");
        for form in shown_forms(&token) {
            assert!(!shown.contains(&form), "{name}: {shown}");
        }
    }
}
