//! The marks that transforms leave in the document for [`Api`](crate::api::Api).

/// The kind of a component that is an enum or a union.
pub const KIND: &str = "x-cobo-kind";
/// The values of an enum.
pub const ENUM: &str = "x-cobo-enum";
/// The variants of a union.
pub const UNION: &str = "x-cobo-union";
/// The bounds of a property with `x-cobo-checked`, which `drop_constraints` saves.
pub const BOUNDS: &str = "x-cobo-bounds";
/// A place where the document allows `null`.
pub const NULLABLE: &str = "x-cobo-nullable";
