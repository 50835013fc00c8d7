//! When and how the portal's keys are fetched.

use std::sync::Arc;
use std::time::Duration;

use cobo_auth::{JwksError, UserInfoError, UserInfoErrorKind as Kind, UserInfoVerifier};
use tokio::sync::Notify;

use crate::portal::*;

const INTERVAL: Duration = Duration::from_secs(10);
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// Lets time pass. It is not paused otherwise: requests to the portal need real time.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

fn jwks_error(error: &UserInfoError) -> JwksError {
    let source = std::error::Error::source(error).unwrap();
    source.downcast_ref::<JwksError>().unwrap().clone()
}

#[tokio::test]
async fn request_for_the_keys_is_unsigned_and_carries_no_token() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let token = key.token("k", &claims());
    verify(&portal.verifier(), &token).await.unwrap();
    let requests = portal.requests();
    assert_eq!(requests.len(), 1);
    let head = &requests[0];
    assert!(
        head.starts_with("get /v2/oauth/authorize/jwks.json http/1.1\r\n"),
        "{head}"
    );
    for absent in ["biz-", "authorization", "cookie", &token.to_lowercase()] {
        assert!(!head.contains(absent), "{absent}: {head}");
    }
}

#[tokio::test]
async fn concurrent_verifications_fetch_once() {
    let key = Key::ed25519(1);
    let release = Arc::new(Notify::new());
    let body = jwks(&[&key.jwk("k")]);
    let portal = Portal::start(Answer::After(Arc::clone(&release), body)).await;
    let verifier = portal.verifier();
    let token = key.token("k", &claims());
    let verifications: Vec<_> = (0..100)
        .map(|_| {
            let (verifier, token) = (verifier.clone(), token.clone());
            tokio::spawn(async move { verify(&verifier, &token).await })
        })
        .collect();
    release.notify_one();
    for verification in verifications {
        verification.await.unwrap().unwrap();
    }
    assert_eq!(portal.requests().len(), 1);
}

#[tokio::test]
async fn fetch_continues_after_its_caller_is_cancelled() {
    let key = Key::ed25519(1);
    let release = Arc::new(Notify::new());
    let body = jwks(&[&key.jwk("k")]);
    let portal = Portal::start(Answer::After(Arc::clone(&release), body)).await;
    let verifier = portal.verifier();
    let token = key.token("k", &claims());
    let first = tokio::spawn({
        let (verifier, token) = (verifier.clone(), token.clone());
        async move { verify(&verifier, &token).await }
    });
    while portal.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    release.notify_one();
    verify(&verifier, &token).await.unwrap();
    assert_eq!(portal.requests().len(), 1);
}

#[tokio::test]
async fn unknown_key_ids_fetch_once_in_the_interval() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let verifier = portal.verifier();
    for expected in 1..=3 {
        for number in 0..50 {
            let token = key.token(&format!("unknown-{number}"), &claims());
            let error = verify(&verifier, &token).await.unwrap_err();
            assert_eq!(error.kind(), Kind::UnknownKey);
        }
        assert_eq!(portal.requests().len(), expected);
        pass(INTERVAL / 2).await;
        let token = key.token("unknown", &claims());
        assert!(verify(&verifier, &token).await.is_err());
        assert_eq!(
            portal.requests().len(),
            expected,
            "before the interval ends"
        );
        pass(INTERVAL / 2).await;
    }
    // A known key needs no fetch.
    verify(&verifier, &key.token("k", &claims())).await.unwrap();
    assert_eq!(portal.requests().len(), 3);
}

#[tokio::test]
async fn rotation_picks_up_the_new_key_and_drops_the_old_one() {
    let (old, new) = (Key::ed25519(1), Key::rs256());
    let portal = Portal::serving(&[&old.jwk("old")]).await;
    let verifier = portal.verifier();
    verify(&verifier, &old.token("old", &claims()))
        .await
        .unwrap();

    portal.set(Answer::Body(jwks(&[&new.jwk("new")])));
    pass(INTERVAL).await;
    verify(&verifier, &new.token("new", &claims()))
        .await
        .unwrap();
    let error = verify(&verifier, &old.token("old", &claims()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownKey);
    assert_eq!(portal.requests().len(), 2);
}

#[tokio::test]
async fn withdrawn_key_is_refused_when_the_keys_are_five_minutes_old() {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let verifier = portal.verifier();
    let token = key.token("k", &claims());
    verify(&verifier, &token).await.unwrap();
    portal.set(Answer::Body(jwks(&[])));
    pass(MAX_AGE / 2).await;
    verify(&verifier, &token).await.unwrap();
    assert_eq!(portal.requests().len(), 1);
    pass(MAX_AGE / 2).await;
    let error = verify(&verifier, &token).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownKey);
    assert_eq!(portal.requests().len(), 2);
}

#[tokio::test]
async fn stale_keys_are_served_while_the_fetch_fails_and_replaced_after() {
    let (key, other) = (Key::ed25519(1), Key::ed25519(2));
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let verifier = portal.verifier_with_short_timeout();
    let token = key.token("k", &claims());
    verify(&verifier, &token).await.unwrap();

    portal.set(Answer::Raw(response("500 Oops", "")));
    pass(MAX_AGE).await;
    for _ in 0..10 {
        verify(&verifier, &token).await.unwrap();
    }
    assert_eq!(portal.requests().len(), 2);
    // The key could be in the JWKS that was not fetched.
    let error = verify(&verifier, &other.token("other", &claims()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::KeysUnavailable, 503)
    );

    portal.set(Answer::Hang);
    pass(INTERVAL).await;
    verify(&verifier, &token).await.unwrap();
    assert_eq!(portal.requests().len(), 3);

    portal.set(Answer::Body(jwks(&[&other.jwk("other")])));
    pass(INTERVAL).await;
    verify(&verifier, &other.token("other", &claims()))
        .await
        .unwrap();
    assert_eq!(portal.requests().len(), 4);
}

/// While the portal cannot be asked, it may have withdrawn a key.
#[tokio::test]
async fn keys_are_refused_at_the_maximum_age_until_a_fetch_succeeds() {
    let hour = 12 * MAX_AGE;
    for (limit, default) in [(hour, true), (2 * hour, false), (INTERVAL, false)] {
        let key = Key::ed25519(1);
        let portal = Portal::serving(&[&key.jwk("k")]).await;
        let verifier = match default {
            true => portal.builder().build().unwrap(),
            false => portal.builder().max_key_age(limit).build().unwrap(),
        };
        let token = key.token("k", &claims());
        verify(&verifier, &token).await.unwrap();

        portal.set(Answer::Raw(response("500 Oops", "")));
        pass(limit / 2).await;
        verify(&verifier, &token).await.unwrap();
        pass(limit / 2).await;
        for _ in 0..10 {
            let error = verify(&verifier, &token).await.unwrap_err();
            assert_eq!(error.kind(), Kind::KeysTooOld);
            assert_eq!(error.status(), 503, "the token may verify later");
            assert_eq!(error.public_text(), "try again later");
            assert!(matches!(jwks_error(&error), JwksError::Status(_)));
        }

        portal.set(Answer::Body(jwks(&[&key.jwk("k")])));
        pass(INTERVAL).await;
        verify(&verifier, &token).await.unwrap();
    }
}

/// A verifier that has fetched the portal's keys, its clock, and a token that is valid at any time of the next
/// tests.
async fn with_fetched_keys() -> (Portal, WallClock, UserInfoVerifier, String) {
    let key = Key::ed25519(1);
    let portal = Portal::serving(&[&key.jwk("k")]).await;
    let clock = WallClock::at(NOW);
    let verifier = portal.builder().clock(clock.clone()).build().unwrap();
    let mut claims = with_claim("iat", NOW - 20_000);
    claims["exp"] = (NOW + 20_000).into();
    let token = key.token("k", &claims);
    verify(&verifier, &token).await.unwrap();
    (portal, clock, verifier, token)
}

#[tokio::test]
async fn withdrawn_key_is_refused_although_the_machine_was_suspended_meanwhile() {
    let (portal, clock, verifier, token) = with_fetched_keys().await;

    portal.set(Answer::Body(jwks(&[])));
    clock.set(NOW + MAX_AGE.as_secs() - 1);
    verify(&verifier, &token).await.unwrap();
    assert_eq!(portal.requests().len(), 1);
    clock.set(NOW + MAX_AGE.as_secs());
    let error = verify(&verifier, &token).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownKey);
    assert_eq!(portal.requests().len(), 2);
}

#[tokio::test]
async fn keys_reach_the_maximum_age_while_the_machine_is_suspended() {
    let (portal, clock, verifier, token) = with_fetched_keys().await;

    portal.set(Answer::Raw(response("500 Oops", "")));
    clock.set(NOW + 60 * 60);
    let error = verify(&verifier, &token).await.unwrap_err();
    assert_eq!(error.kind(), Kind::KeysTooOld);
    assert!(matches!(jwks_error(&error), JwksError::Status(_)));
    assert_eq!(portal.requests().len(), 2);
}

#[tokio::test]
async fn keys_age_by_the_monotonic_clock_after_the_wall_clock_was_set_back() {
    let (portal, clock, verifier, token) = with_fetched_keys().await;

    portal.set(Answer::Body(jwks(&[])));
    clock.set(NOW - 60 * 60);
    verify(&verifier, &token).await.unwrap();
    assert_eq!(portal.requests().len(), 1);
    pass(MAX_AGE).await;
    let error = verify(&verifier, &token).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownKey);
    assert_eq!(portal.requests().len(), 2);
}

#[tokio::test]
async fn each_failed_fetch_has_its_own_error() {
    let key = Key::ed25519(1);
    let token = key.token("k", &claims());
    let raw = |head: &str, body: &str| Answer::Raw(response(head, body));
    let good = jwks(&[&key.jwk("k")]);
    let padded = |bytes: usize| format!("{good}{}", " ".repeat(bytes - good.len()));
    let target = Portal::serving(&[&key.jwk("k")]).await;
    let redirect = format!(
        "302 Found\r\nlocation: {}/oauth/authorize/jwks.json",
        target.base_url
    );
    type Check = fn(&JwksError) -> bool;
    let cases: [(&str, Answer, Check); 12] = [
        ("hangs", Answer::Hang, |it| {
            matches!(it, JwksError::Timeout(_))
        }),
        ("never ends", Answer::Endless, |it| {
            matches!(it, JwksError::TooLarge)
        }),
        ("10 MB", raw("200 OK", &padded(10_000_000)), |it| {
            matches!(it, JwksError::TooLarge)
        }),
        ("64 KiB and a byte", raw("200 OK", &padded(65_537)), |it| {
            matches!(it, JwksError::TooLarge)
        }),
        ("redirect", raw(&redirect, ""), |it| {
            matches!(it, JwksError::Redirect)
        }),
        (
            "404",
            raw("404 Not Found", &good),
            |it| matches!(it, JwksError::Status(status) if *status == 404),
        ),
        (
            "201",
            raw("201 Created", &good),
            |it| matches!(it, JwksError::Status(status) if *status == 201),
        ),
        ("HTML", raw("200 OK", "<html>"), |it| {
            matches!(it, JwksError::Malformed)
        }),
        ("no keys", raw("200 OK", "{}"), |it| {
            matches!(it, JwksError::Malformed)
        }),
        (
            "gzip",
            raw("200 OK\r\ncontent-encoding: gzip", &good),
            |it| matches!(it, JwksError::ContentEncoding),
        ),
        (
            "torn",
            Answer::Raw(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{good}"
            )),
            |it| matches!(it, JwksError::Transport(_)),
        ),
        ("closed", Answer::Raw(String::new()), |it| {
            matches!(it, JwksError::Transport(_))
        }),
    ];
    for (name, answer, expected) in cases {
        let portal = Portal::start(answer).await;
        let error = verify(&portal.verifier_with_short_timeout(), &token)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::KeysUnavailable, "{name}");
        let jwks_error = jwks_error(&error);
        assert!(expected(&jwks_error), "{name}: {jwks_error:?}");
        assert!(
            error.to_string().contains(&jwks_error.to_string()),
            "{name}"
        );
        assert!(
            !error.to_string().contains(&portal.base_url),
            "{name}: {error}"
        );
        assert_eq!(portal.requests().len(), 1, "{name}");
    }
    assert!(target.requests().is_empty(), "a redirect was followed");
    let exact = Portal::start(raw("200 OK", &padded(65_536))).await;
    verify(&exact.verifier(), &token).await.unwrap();
}

#[tokio::test]
async fn failed_first_fetch_is_repeated_after_the_interval() {
    let key = Key::ed25519(1);
    let portal = Portal::start(Answer::Raw(String::new())).await;
    let verifier = portal.verifier();
    let token = key.token("k", &claims());
    for _ in 0..10 {
        let error = verify(&verifier, &token).await.unwrap_err();
        assert_eq!(error.kind(), Kind::KeysUnavailable);
    }
    assert_eq!(portal.requests().len(), 1);
    portal.set(Answer::Body(jwks(&[&key.jwk("k")])));
    pass(INTERVAL).await;
    verify(&verifier, &token).await.unwrap();
}
