//! The nonces each key has used.

use std::collections::{HashMap, HashSet, VecDeque};

use sha2::{Digest, Sha256};

use crate::key::AppKey;

/// So many nonces are remembered for each key; after that the oldest is forgotten, to bound the memory.
const REMEMBERED: usize = 1_000_000;

pub(crate) struct Nonces {
    by_key: HashMap<[u8; 32], Seen>,
    remembered: usize,
}

#[derive(Default)]
struct Seen {
    set: HashSet<u128>,
    order: VecDeque<u128>,
}

impl Nonces {
    pub(crate) fn new() -> Self {
        Self::remembering(REMEMBERED)
    }

    fn remembering(remembered: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            remembered,
        }
    }

    /// Notes a nonce; false when the key has used it before.
    pub(crate) fn spend(&mut self, key: &AppKey, nonce: &str) -> bool {
        let seen = self.by_key.entry(key.to_bytes()).or_default();
        let nonce = fingerprint(nonce);
        if !seen.set.insert(nonce) {
            return false;
        }
        seen.order.push_back(nonce);
        if seen.order.len() > self.remembered
            && let Some(oldest) = seen.order.pop_front()
        {
            seen.set.remove(&oldest);
        }
        true
    }
}

/// Sixteen bytes of hash stand for a nonce, which can be long.
fn fingerprint(nonce: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(nonce).into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    u128::from_le_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEMO_APP_KEY;
    use crate::key::ResponseKey;

    #[test]
    fn a_nonce_is_spent_for_its_key_only() {
        let mut nonces = Nonces::new();
        let one = AppKey::from_hex(DEMO_APP_KEY).unwrap();
        let other = AppKey::from_hex(&ResponseKey::from_seed(&[1; 32]).public_hex()).unwrap();
        assert!(nonces.spend(&one, "a"));
        assert!(!nonces.spend(&one, "a"));
        assert!(nonces.spend(&other, "a"));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut nonces = Nonces::remembering(2);
        let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
        for nonce in ["a", "b", "c"] {
            assert!(nonces.spend(&key, nonce));
        }
        assert!(!nonces.spend(&key, "b"));
        assert!(nonces.spend(&key, "a"));
    }
}
