//! The names of marks that several parts read. All marks are those of a document's author or of a decision.

/// The property of a request body whose value Cobo accepts once. The value of the mark is the id of
/// the operation that finds a request by it.
pub const IDEMPOTENCY_KEY: &str = "x-cobo-idempotency-key";
/// The final states of an enum: `{success: [values], failure: [values]}`.
pub const FINAL_STATES: &str = "x-cobo-final-states";
