use std::hash::{Hash, Hasher};

use papaya::Equivalent;

/// The length of Cobo's organization ids, which are UUIDs.
const UUID: usize = 36;

/// An organization id as a map key. A UUID is stored inline, so that it is compared without
/// following a pointer.
#[derive(PartialEq, Eq)]
pub(crate) enum Key {
    Uuid([u8; UUID]),
    Other(Box<str>),
}

/// An organization id for lookups in the map.
pub(crate) struct Id<'a>(pub(crate) &'a str);

impl From<&str> for Key {
    fn from(org_id: &str) -> Self {
        match org_id.as_bytes().try_into() {
            Ok(uuid) => Self::Uuid(uuid),
            Err(_) => Self::Other(org_id.into()),
        }
    }
}

impl Equivalent<Key> for Id<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        match key {
            Key::Uuid(uuid) => self.0.as_bytes() == uuid,
            Key::Other(other) => self.0 == &**other,
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Uuid(uuid) => state.write(uuid),
            Self::Other(other) => state.write(other.as_bytes()),
        }
    }
}

/// Hashes like the equivalent [`Key`].
impl Hash for Id<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher as _;

    use super::*;

    #[test]
    fn an_id_finds_its_key_and_no_other() {
        let ids = [
            "e3986401-4aec-480a-973d-e775a4518413",
            "e3986401-4aec-480a-973d-e775a4518414",
            "e3986401-4aec-480a-973d-e775a451841",
            "x",
            "",
        ];
        let hasher = foldhash::fast::RandomState::default();
        for id in ids {
            let key = Key::from(id);
            assert_eq!(hasher.hash_one(&key), hasher.hash_one(Id(id)));
            let found = ids.map(|other| Id(other).equivalent(&key));
            assert_eq!(found, ids.map(|other| other == id));
        }
    }
}
