//! What is said of a place: sides, `null`, and what leads back to itself.

use super::{HEAD, assert_has, generated, operation};
