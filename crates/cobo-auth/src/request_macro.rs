//! The common part of the request builders of generated operations.

/// Defines the request builder of an operation, without its setters.
#[doc(hidden)]
#[allow(
    clippy::crate_in_macro_def,
    reason = "the client is the generated crate's"
)]
#[macro_export]
macro_rules! __request {
    ($name:ident, $endpoint:ident, $method:ident $(, $body:ty)?) => {
        #[doc = ::std::concat!(
            "Builds a request of [`Client::", ::std::stringify!($method), "`](crate::Client::",
            ::std::stringify!($method), ").",
        )]
        #[derive(Clone, Debug)]
        #[must_use = "a request does nothing until it is sent"]
        pub struct $name<'a> {
            client: &'a crate::Client,
            draft: $crate::codegen::Draft $(<$body>)?,
        }

        #[allow(clippy::self_named_constructors, reason = "an operation may be called `new`")]
        impl<'a> $name<'a> {
            pub(crate) fn new(client: &'a crate::Client) -> Self {
                Self {
                    client,
                    draft: $crate::codegen::Draft::new(&$endpoint),
                }
            }

            /// Sets whether this call may be repeated: sent again after an attempt may have been
            /// carried out. By default the document decides.
            pub fn repeatable(mut self, repeatable: bool) -> Self {
                self.draft.repeatable(repeatable);
                self
            }

            /// Sends this credential's access token instead of the client's.
            pub fn credential(
                mut self,
                credential: impl $crate::Credential + 'static,
            ) -> Self {
                self.draft.credential(credential);
                self
            }

            /// Sends no access token, whatever credential the client has.
            pub fn without_credential(mut self) -> Self {
                self.draft.without_credential();
                self
            }
        }
    };
}
