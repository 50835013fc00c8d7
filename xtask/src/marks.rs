//! The marks that [`Api`](crate::api::Api) reads. Transforms leave most of them in the document.

/// The kind of a component that is an enum or a union.
pub const KIND: &str = "x-cobo-kind";
/// The values of an enum.
pub const ENUM: &str = "x-cobo-enum";
/// The variants of a union.
pub const UNION: &str = "x-cobo-union";
/// The bounds of a property with `x-cobo-checked`, which `drop_constraints` saves.
pub const BOUNDS: &str = "x-cobo-bounds";
/// The property of a request body whose value Cobo accepts once. The value of the mark is the id of
/// the operation that finds a request by it.
pub const IDEMPOTENCY_KEY: &str = "x-cobo-idempotency-key";
/// The final states of an enum: `{success: [values], failure: [values]}`.
pub const FINAL_STATES: &str = "x-cobo-final-states";
/// A place where the document allows `null`.
pub const NULLABLE: &str = "x-cobo-nullable";
