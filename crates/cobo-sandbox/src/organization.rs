//! The organizations that have the app installed, and the tokens they granted.

use std::collections::HashMap;
use std::sync::Arc;

use crate::token::{Granter, Kind, Lifetimes, Pair, TokenError, Tokens};

/// An organization with the app installed.
#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(crate) org_id: Arc<str>,
    /// Counts up in the order of installation.
    pub(crate) biz_org_id: u64,
    pub(crate) created_ms: u64,
}

/// Installations and tokens together, because the end of the one is the end of the other.
#[derive(Debug)]
pub(crate) struct Organizations {
    installed: HashMap<Arc<str>, Organization>,
    count: u64,
    tokens: Tokens,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) permission_lifetimes: Lifetimes,
}

/// The app is not installed for the organization.
#[derive(Debug, thiserror::Error)]
#[error("the app is not installed for this organization")]
pub(crate) struct NotInstalled;

impl Organizations {
    pub(crate) fn new(lifetimes: Lifetimes, permission_lifetimes: Lifetimes) -> Self {
        Self {
            installed: HashMap::new(),
            count: 0,
            tokens: Tokens::default(),
            lifetimes,
            permission_lifetimes,
        }
    }

    pub(crate) fn install(&mut self, org_id: &str, now_ms: u64) -> bool {
        if self.installed.contains_key(org_id) {
            return false;
        }
        self.count += 1;
        let org_id: Arc<str> = org_id.into();
        let organization = Organization {
            org_id: org_id.clone(),
            biz_org_id: self.count,
            created_ms: now_ms,
        };
        self.installed.insert(org_id, organization);
        true
    }

    pub(crate) fn remove(&mut self, org_id: &str) -> bool {
        self.tokens.expire_access(org_id);
        self.tokens.expire_refresh(org_id);
        self.installed.remove(org_id).is_some()
    }

    /// The ids, in the order of installation.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut all: Vec<_> = self.installed.values().collect();
        all.sort_by_key(|organization| organization.biz_org_id);
        all.into_iter()
            .map(|organization| organization.org_id.to_string())
            .collect()
    }

    /// The organization that is installed under an id.
    pub(crate) fn get(&self, org_id: &str) -> Result<&Organization, NotInstalled> {
        self.installed.get(org_id).ok_or(NotInstalled)
    }

    /// The organization whose access token this is, when it is alive.
    pub(crate) fn of_access_token(&self, token: &str, now_ms: u64) -> Option<&Organization> {
        let granter = self.tokens.granter(Kind::Organization, token, now_ms)??;
        self.installed.get(&granter)
    }

    pub(crate) fn issue(
        &mut self,
        kind: Kind,
        granter: Granter,
        now_ms: u64,
    ) -> Result<Pair, TokenError> {
        self.tokens
            .issue(kind, granter, self.lifetimes_of(kind), now_ms)
    }

    pub(crate) fn rotate(
        &mut self,
        kind: Kind,
        refresh_token: &str,
        now_ms: u64,
    ) -> Result<Pair, TokenError> {
        self.tokens
            .rotate(kind, refresh_token, self.lifetimes_of(kind), now_ms)
    }

    /// How often a refresh token was presented that had been used.
    pub(crate) fn replays(&self) -> u64 {
        self.tokens.replays()
    }

    pub(crate) fn expire_access(&mut self, org_id: &str) {
        self.tokens.expire_access(org_id);
    }

    pub(crate) fn expire_refresh(&mut self, org_id: &str) {
        self.tokens.expire_refresh(org_id);
    }

    fn lifetimes_of(&self, kind: Kind) -> Lifetimes {
        match kind {
            Kind::Organization => self.lifetimes,
            Kind::Permission => self.permission_lifetimes,
        }
    }
}
