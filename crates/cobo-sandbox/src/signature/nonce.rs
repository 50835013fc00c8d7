//! Nonces: the kinds that the sandbox accepts, and those that each key has used.

use std::collections::{HashMap, HashSet, VecDeque};

use sha2::{Digest, Sha256};

use super::key::AppKey;

/// How many nonces are remembered for each key. When there are more, the oldest is forgotten, to bound memory.
const REMEMBERED: usize = 1_000_000;

/// The kinds of nonces that a sandbox accepts, for
/// [`SandboxBuilder::accept_nonces`](crate::SandboxBuilder::accept_nonces).
///
/// Cobo's documentation is contradictory: the authentication guide allows any random text, the security scheme of the
/// specification requires Unix milliseconds. A nonce of the wrong kind is answered with 401 and code 2024, like a wrong
/// signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptedNonces {
    /// Any text without `|`.
    #[default]
    Any,
    /// Only Unix time in milliseconds: 13 decimal digits.
    Milliseconds,
    /// Only random numbers in hex: at least 128 bits, which is 32 hex digits, upper or lower case.
    Random,
}

impl AcceptedNonces {
    /// The number of decimal digits of a Unix time in milliseconds, for the years 2001 to 2286.
    const MILLISECOND_DIGITS: usize = 13;
    /// The number of hex digits of 128 bits.
    const RANDOM_DIGITS: usize = 32;

    /// Why a nonce is refused; `None` if its kind is accepted.
    pub(crate) fn problem(self, nonce: &str) -> Option<&'static str> {
        let (accepted, problem) = match self {
            Self::Any => return None,
            Self::Milliseconds => (
                nonce.len() == Self::MILLISECOND_DIGITS
                    && nonce.bytes().all(|it| it.is_ascii_digit()),
                "it must be Unix milliseconds, 13 decimal digits",
            ),
            Self::Random => (
                nonce.len() >= Self::RANDOM_DIGITS
                    && nonce.bytes().all(|it| it.is_ascii_hexdigit()),
                "it must be random, at least 32 hex digits",
            ),
        };
        (!accepted).then_some(problem)
    }
}

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

    /// Records a nonce as used; returns false if the key has used it before.
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

/// Sixteen bytes of a hash, stored in place of the nonce, which can be long.
fn fingerprint(nonce: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(nonce).into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    u128::from_le_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::DEMO_APP_KEY;
    use crate::signature::key::ResponseKey;

    #[test]
    fn millisecond_and_random_nonce_formats_are_recognised() {
        let random = "0123456789abcdef0123456789ABCDEF";
        for (nonce, milliseconds, is_random) in [
            ("1700000000000", true, false),
            ("170000000000", false, false),
            ("17000000000000", false, false),
            ("170000000000x", false, false),
            ("+700000000000", false, false),
            (random, false, true),
            (&random[1..], false, false),
            (&format!("{random}0"), false, true),
            (&random.replace('0', "g"), false, false),
        ] {
            let accepts = |kind: AcceptedNonces| kind.problem(nonce).is_none();
            assert!(accepts(AcceptedNonces::Any), "{nonce}");
            assert_eq!(
                accepts(AcceptedNonces::Milliseconds),
                milliseconds,
                "{nonce}"
            );
            assert_eq!(accepts(AcceptedNonces::Random), is_random, "{nonce}");
        }
    }

    #[test]
    fn used_nonce_is_still_accepted_for_another_key() {
        let mut nonces = Nonces::new();
        let one = AppKey::from_hex(DEMO_APP_KEY).unwrap();
        let other = AppKey::from_hex(&ResponseKey::from_seed(&[1; 32]).public_hex()).unwrap();
        assert!(nonces.spend(&one, "a"));
        assert!(!nonces.spend(&one, "a"));
        assert!(nonces.spend(&other, "a"));
    }

    #[test]
    fn full_nonce_memory_forgets_the_oldest_nonce_first() {
        let mut nonces = Nonces::remembering(2);
        let key = AppKey::from_hex(DEMO_APP_KEY).unwrap();
        for nonce in ["a", "b", "c"] {
            assert!(nonces.spend(&key, nonce));
        }
        assert!(!nonces.spend(&key, "b"));
        assert!(nonces.spend(&key, "a"));
    }
}
