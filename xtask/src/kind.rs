//! The kinds of component schemas that are not plain objects: enums and unions, with the names of their
//! values and variants in Rust.
//!
//! The transforms `enums` and `unions` find them and keep them in [`Document::kinds`], from which
//! [`Api`] is made.
//!
//! [`Document::kinds`]: crate::document::Document::kinds
//! [`Api`]: crate::api::Api

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    StringEnum(Vec<EnumValue<String>>),
    IntegerEnum(Vec<EnumValue<i64>>),
    Union(Union),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue<T> {
    /// The value that is sent.
    pub value: T,
    /// The name of the Rust variant, unique in its enum.
    pub name: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Union {
    /// The property whose value selects the variant. Without it, the required properties select it.
    pub discriminator: Option<String>,
    pub variants: Vec<UnionVariant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionVariant {
    /// The name of the Rust variant, unique in its union.
    pub name: String,
    /// The discriminator values that select this variant.
    pub tags: Vec<String>,
    /// Other discriminator values that are written unchanged.
    pub keeps: Vec<String>,
    /// The name of the component schema.
    pub model: String,
    /// The properties that a value must have to be of this variant.
    pub required: Vec<String>,
}
