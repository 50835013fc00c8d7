//! What generated models are made of. Not for anyone else: these items change with the generator.

pub use crate::build::{Built, Payload};
pub use crate::object::{Model, Property, Reader, Writer, deserialize, serialize};
pub use crate::union::{Shape, candidates, serialize_tagged};
pub use crate::value::{Part, Raw};
pub use crate::{
    __builder as builder, __model as model, __open_enum as open_enum,
    __open_integer_enum as open_integer_enum, __shaped_union as shaped_union,
    __tagged_union as tagged_union, __union_from as union_from, __wrapper as wrapper,
};
pub use serde;
