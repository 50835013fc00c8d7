/// The values that a field accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// A string of at least one character.
    NotEmpty,
    /// An integer of at least this value.
    AtLeast(i64),
}
