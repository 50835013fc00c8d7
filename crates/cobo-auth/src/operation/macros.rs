//! The common part of the request builders of generated operations.

/// Defines the request builder of an operation, without its setters.
#[doc(hidden)]
#[macro_export]
macro_rules! __request {
    ($name:ident, $operation:ident, $client:ident :: $method:ident $(, $body:ty)? $(; $form:expr)?) => {
        #[doc = ::std::concat!(
            "Builds a request of [`", ::std::stringify!($client), "::", ::std::stringify!($method),
            "`](crate::", ::std::stringify!($client), "::", ::std::stringify!($method), ").",
        )]
        #[derive(Clone, Debug)]
        #[must_use = "a request does nothing until it is sent"]
        pub struct $name {
            request: $crate::Request $(<$body>)?,
        }

        #[allow(clippy::self_named_constructors, reason = "an operation may be called `new`")]
        impl $name {
            pub(crate) fn new(client: &$crate::Client) -> Self {
                Self {
                    request: $crate::Request::of(client, &$operation) $(.encode($form))?,
                }
            }

            /// Sets whether this call may be repeated: sent again after an attempt may have been
            /// carried out. By default the document decides.
            pub fn repeatable(mut self, repeatable: bool) -> Self {
                self.request = self.request.repeatable(repeatable);
                self
            }

            /// Sends this credential's access token instead of the client's.
            pub fn credential(
                mut self,
                credential: impl $crate::Credential + 'static,
            ) -> Self {
                self.request = self.request.credential(credential);
                self
            }

            /// Sends no access token, whatever credential the client has.
            pub fn without_credential(mut self) -> Self {
                self.request = self.request.without_credential();
                self
            }

            /// Signs the request without sending it, and returns the signed message and the
            /// headers. Use it for a support case when Cobo answers "authentication failed".
            ///
            /// # Errors
            ///
            /// The errors that `send` returns before anything is sent.
            pub fn preview(self) -> $crate::CallFuture<$crate::SigningPreview> {
                self.request.preview()
            }
        }

        /// The request without the type of its response, for a `tower` service.
        impl ::std::convert::From<$name> for $crate::Request $(<$body>)? {
            fn from(builder: $name) -> Self {
                builder.request
            }
        }
    };
}
