//! Organizations: those that have the app installed, with their tokens, and those with their own API key.

mod token;

use std::collections::HashMap;
use std::sync::Arc;

use token::{Granter, Tokens};

pub(crate) use token::{Kind, Lifetimes, Pair, TokenError};

/// An organization.
#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(crate) org_id: Arc<str>,
    /// A counter, in the order in which the sandbox first saw the organizations.
    pub(crate) biz_org_id: u64,
    pub(crate) created_ms: u64,
}

/// Installations and tokens, kept together because removing an installation ends its tokens.
#[derive(Debug)]
pub(crate) struct Organizations {
    installed: HashMap<Arc<str>, Organization>,
    /// The organizations with their own API key. They need not have the app installed.
    with_key: HashMap<Arc<str>, Organization>,
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
            with_key: HashMap::new(),
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
        // If the organization already has its own API key, it is the same organization.
        let organization = match self.with_key.get(org_id) {
            Some(organization) => organization.clone(),
            None => self.new_organization(org_id, now_ms),
        };
        self.installed
            .insert(organization.org_id.clone(), organization);
        true
    }

    /// Adds an organization that has its own API key.
    pub(crate) fn add_with_key(&mut self, org_id: &str, now_ms: u64) {
        if self.with_key.contains_key(org_id) {
            return;
        }
        let organization = match self.installed.get(org_id) {
            Some(organization) => organization.clone(),
            None => self.new_organization(org_id, now_ms),
        };
        self.with_key
            .insert(organization.org_id.clone(), organization);
    }

    fn new_organization(&mut self, org_id: &str, now_ms: u64) -> Organization {
        self.count += 1;
        Organization {
            org_id: org_id.into(),
            biz_org_id: self.count,
            created_ms: now_ms,
        }
    }

    pub(crate) fn remove(&mut self, org_id: &str) -> bool {
        self.tokens.expire_access(org_id);
        self.tokens.expire_refresh(org_id);
        self.installed.remove(org_id).is_some()
    }

    /// The ids of the organizations that have the app installed, in the order in which the sandbox first saw them.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut all: Vec<_> = self.installed.values().collect();
        all.sort_by_key(|organization| organization.biz_org_id);
        all.into_iter()
            .map(|organization| organization.org_id.to_string())
            .collect()
    }

    /// The organization with this id, if it has the app installed.
    pub(crate) fn get(&self, org_id: &str) -> Result<&Organization, NotInstalled> {
        self.installed.get(org_id).ok_or(NotInstalled)
    }

    /// The organization with this id, if it has its own API key.
    pub(crate) fn with_key(&self, org_id: &str) -> Option<&Organization> {
        self.with_key.get(org_id)
    }

    /// The organization that granted an access token, if the token is valid.
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

    /// How many times a used refresh token was presented again.
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
