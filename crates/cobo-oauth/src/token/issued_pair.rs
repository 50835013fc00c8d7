//! Stores what Cobo issued before any caller gets it.

use std::sync::Arc;

use super::cached_token::CachedToken;
use super::error::{TokenError, TokenErrorKind};
use super::issuer::Issued;
use super::metrics::Grant;
use super::moment::{Moment, millis};
use super::refresh_state::RefreshReason;
use super::refresh_task::RefreshTask;
use super::unsaved_pair::pair_to_resave;
use crate::store::{Lease, Saved, StoreError, TokenPair};

impl RefreshTask {
    /// Stores an issued pair. If the store fails, the pair is kept in memory and saved later.
    ///
    /// # Errors
    ///
    /// The tokens were invalidated meanwhile, the store has another app's pair, or the token is
    /// unusable.
    pub(super) async fn keep(
        &self,
        issued: Issued,
        requested: Moment,
        grant: Grant,
        lease: Option<&dyn Lease>,
    ) -> Result<Arc<CachedToken>, TokenError> {
        let life = issued.life;
        let mut pair = self.pair(issued, requested)?;
        let mut saved = self.save(&pair).await;
        if let Ok(Saved::Newer { generation }) = &saved
            && (lease.is_some() || self.handle.reason.requires_get_token())
            && *generation > self.shared.now().wall
        {
            // Not really newer: stored by a process whose clock was ahead.
            pair.generation = generation.saturating_add(1);
            if lease.is_none() {
                // The order of both is unknown: the process that stored the other pair may have
                // spent the refresh token of this one.
                pair.refresh_token = None;
            }
            saved = self.save(&pair).await;
        }
        match saved {
            Ok(Saved::Kept) => {}
            Ok(Saved::Newer { .. }) => tracing::debug!(
                org_id = %self.tokens.org_id(),
                "another process has stored a newer pair"
            ),
            Err(error) => {
                if let Some(unsaved) = pair_to_resave(pair.clone(), &error) {
                    let epoch = self.handle.epoch;
                    self.shared.save_later(&self.tokens, epoch, unsaved);
                }
                let error = self.store_failed(error);
                if error.kind() == TokenErrorKind::OtherApp {
                    return Err(error);
                }
            }
        }
        let org_id = self.tokens.org_id();
        let token = CachedToken::from_cobo(&pair, requested, self.shared.jitter());
        let mut token = token.map_err(|error| TokenError::unusable(org_id, Some(error)))?;
        token.is_replacement =
            self.handle.reason == RefreshReason::Rejected && grant == Grant::Refresh;
        if !token.is_valid(&self.shared.now()) {
            return Err(TokenError::unusable(org_id, None));
        }
        tracing::info!(
            %org_id,
            grant = grant.operation(),
            generation = pair.generation,
            life_s = life.as_secs(),
            "obtained an access token"
        );
        Ok(Arc::new(token))
    }

    /// Gives the issued tokens a generation and an owner.
    fn pair(&self, issued: Issued, requested: Moment) -> Result<TokenPair, TokenError> {
        let generation = {
            let state = self.tokens.state();
            if state.epoch != self.handle.epoch {
                return Err(self.error(TokenErrorKind::Unavailable)); // invalidated: discard it
            }
            self.tokens.unsaved.store(None); // older than this pair
            // Increases across processes too, and even if the store lost its data.
            state.generation.saturating_add(1).max(requested.wall)
        };
        let obtained_at = requested.earliest_unix_millis();
        let expires_at = obtained_at.saturating_add(millis(issued.life));
        let pair = TokenPair::new(generation, issued.access_token, obtained_at, expires_at)
            .with_owner(self.shared.owner.clone());
        let refresh_life = millis(self.shared.limits.refresh_life);
        Ok(match issued.refresh_token {
            Some(token) => {
                pair.with_refresh_token(token, requested.wall.saturating_add(refresh_life))
            }
            None => pair,
        })
    }

    async fn save(&self, pair: &TokenPair) -> Result<Saved, StoreError> {
        let save = self.shared.store.save(self.tokens.org_id(), pair);
        self.shared.with_store_timeout(save).await
    }
}
