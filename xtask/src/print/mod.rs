//! What is written from an [`Api`](crate::api::Api). A printer reads that and nothing else: neither
//! the document nor what another printer wrote.

pub mod api_txt;
pub mod code;
pub(crate) mod docs;
pub mod markdown;
