//! Printers: they write the output from an [`Api`](crate::api::Api), and read nothing else, neither
//! the document nor the output of another printer.

pub mod api_txt;
pub mod code;
pub(crate) mod docs;
pub mod markdown;
pub(crate) mod rust_type;
