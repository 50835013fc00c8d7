/// A set of fields of one model, by index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    first: u128,
    /// Bits for the fields from index 128 on. Few models have that many.
    rest: Vec<u128>,
}

impl FieldSet {
    fn word(&mut self, index: usize) -> &mut u128 {
        match (index / 128).checked_sub(1) {
            None => &mut self.first,
            Some(word) => {
                if self.rest.len() <= word {
                    self.rest.resize(word + 1, 0);
                }
                &mut self.rest[word]
            }
        }
    }

    /// Adds a field and returns whether it was new.
    pub(crate) fn insert(&mut self, index: usize) -> bool {
        let bit = 1 << (index % 128);
        let word = self.word(index);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        let word = match (index / 128).checked_sub(1) {
            None => Some(&self.first),
            Some(word) => self.rest.get(word),
        };
        word.is_some_and(|word| word & (1 << (index % 128)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_set_contains_exactly_the_inserted_indexes() {
        let mut set = FieldSet::default();
        let inserted = [0, 127, 128, 300];
        for index in inserted {
            assert!(set.insert(index), "{index} was not new");
            assert!(!set.insert(index), "{index} was new twice");
        }
        for index in 0..400 {
            assert_eq!(set.contains(index), inserted.contains(&index), "{index}");
        }
    }
}
