//! Compares two unions: tagged variants by their tags, others by their contents.

use super::change::Kind;
use super::node::Node;
use super::schemas::Walk;

impl Walk {
    pub(super) fn union(&mut self, old: &Node<'_>, new: &Node<'_>, path: &str) {
        let (Some(old), Some(new)) = (old.union(), new.union()) else {
            return;
        };
        let told = (old.discriminator(), new.discriminator());
        if told.0 != told.1 {
            let name = |name: Option<&str>| name.map(str::to_owned);
            let (before, after) = (name(told.0), name(told.1));
            return self.note(Kind::DiscriminatorChanged, path, before, after);
        }
        let ((before, old_others), (after, new_others)) = (old.variants(), new.variants());
        for tag in before.keys().filter(|tag| !after.contains_key(*tag)) {
            self.note(Kind::VariantRemoved, path, Some(tag.clone()), None);
        }
        for (tag, node) in &after {
            match before.get(tag) {
                Some(old) => self.compare(old, node, &format!("{path}<{tag}>")),
                None => self.note(Kind::VariantAdded, path, None, Some(tag.clone())),
            }
        }
        self.others(old_others, new_others, path);
    }

    /// Compares the variants without a tag. Equal ones are paired first, then those of the same
    /// kind, in order.
    fn others(&mut self, mut old: Vec<Node<'_>>, mut new: Vec<Node<'_>>, path: &str) {
        old.retain(|old| {
            let equal = new.iter().position(|new| self.same(old, new));
            match equal {
                Some(index) => {
                    new.remove(index);
                    false
                }
                None => true,
            }
        });
        for old in old {
            let kind = old.kind();
            match new.iter().position(|new| new.kind() == kind) {
                Some(index) => {
                    let new = new.remove(index);
                    self.compare(&old, &new, &format!("{path}<{}>", kind.name()));
                }
                None => self.note(
                    Kind::VariantRemoved,
                    path,
                    Some(kind.name().to_owned()),
                    None,
                ),
            }
        }
        for new in new {
            let kind = Some(new.kind().name().to_owned());
            self.note(Kind::VariantAdded, path, None, kind);
        }
    }
}
