//! Names that collide, or that Rust does not have.

use super::{HEAD, assert_has, generated, operation};
