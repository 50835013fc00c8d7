use crate::store::name::stem;

/// The names of an organization's keys. The part in braces selects the slot of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) pair: String,
    pub(super) lease: String,
}

impl Keys {
    pub(super) fn new(namespace: &str, org_id: &str) -> Self {
        let stem = stem(org_id);
        Self {
            pair: format!("{namespace}:{{{stem}}}:pair"),
            lease: format!("{namespace}:{{{stem}}}:lease"),
        }
    }

    /// The `SCAN` pattern that matches the keys of all pairs.
    pub(super) fn pattern(namespace: &str) -> String {
        let mut pattern = String::new();
        for character in namespace.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '^' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern + ":{*}:pair"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes a key's slot as in the Redis cluster specification.
    fn slot(key: &str) -> u16 {
        let tag = key
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'))
            .map(|(tag, _)| tag)
            .filter(|tag| !tag.is_empty());
        let crc = |crc: u16, byte: u8| {
            (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
                let shifted = crc << 1;
                if crc & 0x8000 == 0 {
                    shifted
                } else {
                    shifted ^ 0x1021
                }
            })
        };
        tag.unwrap_or(key).bytes().fold(0, crc) % 16_384
    }

    #[test]
    fn slot_matches_the_redis_specification() {
        assert_eq!(slot("123456789"), 0x31c3);
        assert_eq!(slot("foo{hash_tag}"), slot("bar{hash_tag}"));
    }

    #[test]
    fn keys_of_one_organization_share_a_slot() {
        let long = "x".repeat(4_096);
        for org_id in [
            "e3986401-4aec-480a-973d-e775a4518413",
            "",
            "}",
            "{}",
            "ü",
            &long,
        ] {
            for namespace in ["cobo", "", "a:b"] {
                let keys = Keys::new(namespace, org_id);
                assert_eq!(slot(&keys.pair), slot(&keys.lease), "{keys:?}");
            }
        }
    }

    #[test]
    fn organizations_use_different_slots() {
        let slots: std::collections::HashSet<_> = (0..100)
            .map(|number| slot(&Keys::new("cobo", &format!("organization-{number}")).pair))
            .collect();
        assert!(slots.len() > 90);
    }

    #[test]
    fn key_contains_the_organization_id() {
        let keys = Keys::new("cobo", "e3986401");
        assert_eq!(keys.pair, "cobo:{org-e3986401}:pair");
        assert_eq!(keys.lease, "cobo:{org-e3986401}:lease");
    }
}
