//! File names and Redis keys of an organization.

use sha2::{Digest, Sha256};

/// A short name for an organization: its id if that looks like a UUID, otherwise a hash of it.
/// Names of different ids differ even on a file system that ignores case, and contain no character
/// that is special to a file system or to Redis.
pub(super) fn stem(org_id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'-';
    if (1..=64).contains(&org_id.len()) && org_id.bytes().all(plain) {
        return format!("org-{org_id}");
    }
    format!("sha256-{}", hex::encode(Sha256::digest(org_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuid_is_part_of_the_name() {
        let org_id = "e3986401-4aec-480a-973d-e775a4518413";
        assert_eq!(stem(org_id), format!("org-{org_id}"));
    }

    #[test]
    fn other_ids_are_hashed() {
        let long = "x".repeat(65);
        for org_id in ["", "A", "a.b", "a/b", "..", "a_b", "a ", "ü", "a\0", &long] {
            let stem = stem(org_id);
            let digits = stem.strip_prefix("sha256-").unwrap();
            assert_eq!(digits.len(), 64, "{org_id:?}");
            assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_ne!(stem("a "), stem(" a"));
        assert_ne!(stem("A"), stem("a"));
    }
}
