//! Checks whose failure refuses a call.

use serde_json::Value;

use super::kind::Kind;
use super::make::schema_of;
use crate::reply::Failure;
use crate::spec::Specification;

/// Only what the document allows is stored.
pub(crate) fn check(
    specification: &Specification,
    kind: &Kind,
    object: &Value,
) -> Result<(), Failure> {
    let problems = specification.problems(&schema_of(kind), object);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::internal(format!(
        "the sandbox made a {} that the document does not allow: {}",
        kind.name,
        problems.join("; ")
    )))
}

/// No object has the id of the request.
pub(crate) fn unknown(kind: &Kind) -> Failure {
    let name = kind.name;
    Failure::unknown_object(format!(
        "the organization has no {name} with this id: create it first, with an operation of the sandbox"
    ))
}

/// Refuses an object that is not in one of these states.
pub(crate) fn require_state(kind: &Kind, object: &Value, states: &[&str]) -> Result<(), Failure> {
    let state = &object["status"];
    if states.iter().any(|it| state == it) {
        return Ok(());
    }
    let (name, states) = (kind.name, states.join(", "));
    Err(Failure::malformed(format!(
        "the {name} is {state}: this operation needs one that is {states}"
    )))
}

/// A sum has more digits than the sandbox computes with.
pub(crate) fn too_long() -> Failure {
    Failure::internal("a balance has too many digits for the sandbox")
}
