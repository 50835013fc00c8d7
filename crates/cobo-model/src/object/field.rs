use crate::value::Bounds;

/// The properties of a model's field, besides its type.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub(crate) name: &'static str,
    pub(crate) optional: bool,
    pub(crate) nullable: bool,
    pub(crate) bounds: Option<Bounds>,
}

impl Field {
    /// Creates a required field, named in JSON as it is in Rust.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            optional: false,
            nullable: false,
            bounds: None,
        }
    }

    /// Sets the name in JSON.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Makes the field optional: it may be absent.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Treats a missing value as `null`: writes it as `null`, and reads an absent field as `null`.
    pub const fn or_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Makes an empty string an error.
    pub const fn not_empty(mut self) -> Self {
        self.bounds = Some(Bounds::NotEmpty);
        self
    }

    /// Makes an integer below `least` an error.
    pub const fn at_least(mut self, least: i64) -> Self {
        self.bounds = Some(Bounds::AtLeast(least));
        self
    }

    /// Whether an object without this field does not decode.
    pub(crate) const fn is_required_in_json(&self) -> bool {
        !self.optional && !self.nullable
    }
}
