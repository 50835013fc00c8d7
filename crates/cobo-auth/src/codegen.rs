//! Items that generated clients use. Not for other code: they change with the generator.

pub use crate::__request as request;
pub use crate::operation::Parameter;
pub use crate::operation::form::Form;
pub use crate::operation::pages::{IntoItems, PageCursor};
