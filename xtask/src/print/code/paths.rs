//! The full paths of everything that generated code uses from other crates. Only this module knows
//! where the runtime's items are.
//!
//! Printers write full paths, because these are never ambiguous. [`super::imports`] shortens them,
//! unless the module defines the short name itself.

use proc_macro2::{Ident, Punct, Spacing, Span, TokenStream};
use quote::{ToTokens, TokenStreamExt};

/// The path of an item in another crate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path(pub(super) &'static str);

/// How the short form of a path comes into scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Import {
    /// It is in scope everywhere.
    Prelude,
    /// It needs a `use` line.
    Use,
    /// Never: the full path is always written.
    Full,
}

impl ToTokens for Path {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for segment in self.0.split("::") {
            tokens.append(Punct::new(':', Spacing::Joint));
            tokens.append(Punct::new(':', Spacing::Alone));
            tokens.append(Ident::new(segment, Span::call_site()));
        }
    }
}

macro_rules! paths {
    ($($name:ident, $import:ident, $path:literal;)*) => {
        $(
            #[allow(dead_code, reason = "print::rust_type writes the paths of some types")]
            pub(super) const $name: Path = Path($path);
        )*
        /// All paths. Matching takes the first prefix that fits, so a longer path comes before its
        /// prefix.
        pub(super) const ALL: &[(&str, Import)] = &[$(($path, Import::$import)),*];
    };
}

paths! {
    SOME, Prelude, "std::option::Option::Some";
    NONE, Prelude, "std::option::Option::None";
    OK, Prelude, "std::result::Result::Ok";
    OPTION, Prelude, "std::option::Option";
    RESULT, Prelude, "std::result::Result";
    STRING, Prelude, "std::string::String";
    VEC, Prelude, "std::vec::Vec";
    BOX, Prelude, "std::boxed::Box";
    FROM, Prelude, "std::convert::From";
    INTO, Prelude, "std::convert::Into";
    INTO_ITERATOR, Prelude, "std::iter::IntoIterator";
    INFALLIBLE, Use, "std::convert::Infallible";
    BTREE_MAP, Use, "std::collections::BTreeMap";
    FROM_STR, Use, "std::str::FromStr";
    FMT, Use, "std::fmt";
    PARAMETER, Use, "cobo_auth::codegen::Parameter";
    CODEGEN, Use, "cobo_auth::codegen";
    CALL_FUTURE, Use, "cobo_auth::CallFuture";
    ITEMS, Use, "cobo_auth::Items";
    PAGE_ITEMS, Use, "cobo_auth::PageItems";
    OPERATION, Use, "cobo_auth::Operation";
    PAGES, Use, "cobo_auth::Pages";
    PAGE, Use, "cobo_auth::CursorPage";
    RESPONSE, Use, "cobo_auth::Response";
    DATE, Use, "cobo_model::Date";
    FILE, Use, "cobo_model::File";
    NULLABLE, Use, "cobo_model::Nullable";
    NUMBER, Use, "cobo_model::Number";
    SECRET, Use, "cobo_model::Secret";
    // Macros are always called by their full path: `cobo_model::model!`.
    MODEL, Full, "cobo_model";
    AUTH_CLIENT, Full, "cobo_auth::Client";
    AS_REF, Prelude, "std::convert::AsRef";
    DESERIALIZE, Use, "serde::Deserialize";
    SERIALIZE, Use, "serde::Serialize";
    JSON_MAP, Full, "serde_json::Map";
    JSON, Use, "serde_json::Value";
}
