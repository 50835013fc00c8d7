//! Tests of two apps that share a store, and of the organizations that each app finds there.

use std::time::Duration;

use cobo_auth::Environment;

use super::cobo::Answer;
use super::fixtures::{BEGIN, owner, paused, settle};
use super::organizations::Fixture;
use super::store::StoreFault;
use crate::store::{Owner, Saved, StoreErrorKind, TokenPair, TokenStore as _};
use crate::token::builder::TokenSourceBuilder;
use crate::token::error::TokenErrorKind;
use crate::token::installation::InstallationError;
use crate::token::source::TokenSource;

const ORG: &str = "org";

fn other_app() -> Owner {
    Owner::new("other", &Environment::development())
}

fn pair(access_token: &str) -> TokenPair {
    TokenPair::new(1, access_token, BEGIN, BEGIN + 43_200_000).with_refresh_token("r0", u64::MAX)
}

impl Fixture {
    async fn has(&self, org_id: &str, pair: TokenPair) {
        let saved = self.store.memory().save(org_id, &pair).await.unwrap();
        assert_eq!(saved, Saved::Kept);
    }

    /// The stored access token.
    async fn stored(&self, org_id: &str) -> Option<String> {
        let pair = self.store.memory().load(org_id).await.unwrap()?;
        Some(pair.access_token.expose().to_owned())
    }

    /// The app after a restart, on the same store.
    fn restarted(&self) -> TokenSource {
        TokenSourceBuilder::with_issuer(self.cobo.clone(), owner())
            .store(self.store.clone())
            .build()
    }
}

#[test]
fn pair_of_another_app_is_an_error_and_is_kept() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture
            .has(ORG, pair("theirs").with_owner(other_app()))
            .await;
        let error = fixture.tokens.token(ORG).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::OtherApp);
        assert!(!error.is_retryable());
        assert!(error.to_string().contains("\"other\""), "{error}");

        let callback = format!("approval_result=1&org_id={ORG}");
        let error = fixture.tokens.on_installation(&callback).await.unwrap_err();
        let InstallationError::Token(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.kind(), TokenErrorKind::OtherApp);
        let error = fixture.tokens.invalidate(ORG).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::OtherApp);
        let error = fixture.tokens.forget(ORG).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::OtherApp);

        assert_eq!(fixture.cobo.requests(), [""; 0]);
        assert_eq!(fixture.stored(ORG).await.unwrap(), "theirs");
    });
}

#[test]
fn pair_that_another_app_stores_during_a_request_is_kept() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.set_latency(1_000);
        let tokens = fixture.tokens.clone();
        let call = tokio::spawn(async move { tokens.token(ORG).await.map(drop) });
        settle().await;
        fixture
            .has(ORG, pair("theirs").with_owner(other_app()))
            .await;
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::OtherApp);
        // Saving is not retried later either.
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(fixture.stored(ORG).await.unwrap(), "theirs");
    });
}

#[test]
fn pair_without_an_owner_gets_the_owner_that_refreshes_it() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.cobo.add_refresh_token("r0", ORG);
        fixture.has(ORG, pair("unowned")).await;
        let token = fixture.tokens.token(ORG).await.unwrap();
        assert_eq!(token.secret().expose(), "unowned");
        tokio::time::sleep(Duration::from_secs(43_200)).await;
        fixture.tokens.token(ORG).await.unwrap();
        assert_eq!(fixture.cobo.requests(), ["refresh r0"]);
        let stored = fixture.store.memory().load(ORG).await.unwrap().unwrap();
        assert_eq!(stored.owner, Some(owner()));
    });
}

#[test]
fn organizations_lists_stored_and_unsaved_pairs_of_this_app() {
    paused(async {
        let fixture = Fixture::new(|builder| builder);
        fixture.tokens.token("one").await.unwrap();
        fixture.tokens.token("removed").await.unwrap();
        fixture.tokens.forget("removed").await.unwrap();
        fixture.cobo.answer([Answer::Refused]);
        fixture.tokens.token("made-up").await.unwrap_err();
        fixture
            .has("theirs", pair("theirs").with_owner(other_app()))
            .await;
        fixture.has("unowned", pair("unowned")).await;
        fixture.store.set_fault(StoreFault::ReadOnly);
        fixture.tokens.token("not-stored-yet").await.unwrap();

        let organizations = fixture.tokens.organizations().await.unwrap();
        assert_eq!(organizations, ["not-stored-yet", "one", "unowned"]);
        let organizations = fixture.restarted().organizations().await.unwrap();
        assert_eq!(organizations, ["one", "unowned"]);
    });
}

#[test]
fn organizations_fails_if_the_store_fails() {
    paused(async {
        let fixture = Fixture::new(|builder| builder.deadline(Duration::from_secs(20)));
        fixture.tokens.token("one").await.unwrap();
        fixture.store.set_fault(StoreFault::Down);
        let error = fixture.tokens.organizations().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        fixture.store.set_fault(StoreFault::Hangs);
        let error = fixture.tokens.organizations().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::NoAnswer);
    });
}

/// An owner of the app under test, in an environment whose response keys are all replaced.
fn before_rotation() -> Owner {
    Owner::new("app", &Environment::production())
}

#[test]
fn expired_pair_from_before_a_key_rotation_is_replaced() {
    paused(async {
        let expired = TokenPair::new(1, "old", BEGIN - 43_200_000, BEGIN);
        let cases = [
            (expired.clone(), true),
            (expired.clone().with_refresh_token("r0", BEGIN), true),
            (
                expired.clone().with_refresh_token("r0", BEGIN + 1_000),
                false,
            ),
            (TokenPair::new(1, "old", BEGIN, BEGIN + 1_000), false),
        ];
        for (pair, replaced) in cases {
            let fixture = Fixture::new(|builder| builder);
            let pair = pair.with_owner(before_rotation());
            fixture.has(ORG, pair.clone()).await;
            let result = fixture.tokens.token(ORG).await;
            assert_eq!(result.is_ok(), replaced, "{pair:?}");
            let stored = fixture.store.memory().load(ORG).await.unwrap().unwrap();
            let owned_by = if replaced { owner() } else { before_rotation() };
            assert_eq!(stored.owner, Some(owned_by));
            if replaced {
                assert!(stored.generation > pair.generation);
            }
        }
        // Another app's pair is never replaced.
        let fixture = Fixture::new(|builder| builder);
        fixture.has(ORG, expired.with_owner(other_app())).await;
        let error = fixture.tokens.token(ORG).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::OtherApp);
    });
}
