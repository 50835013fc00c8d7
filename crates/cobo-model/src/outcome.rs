//! Final states of work that is done asynchronously.

/// How work that the server does asynchronously has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It ended without success. Something else may still take its place.
    Failure,
}

/// Adds `outcome` to an enum: the variants that are final states, those of success first. All other
/// variants, and unknown values, are not final.
///
/// ```
/// use cobo_model::Outcome;
///
/// enum State {
///     Running,
///     Done,
///     Failed,
/// }
/// cobo_model::final_states! { State { [Done], [Failed] } }
///
/// assert_eq!(State::Done.outcome(), Some(Outcome::Success));
/// assert_eq!(State::Failed.outcome(), Some(Outcome::Failure));
/// assert_eq!(State::Running.outcome(), None);
/// ```
#[macro_export]
macro_rules! final_states {
    ($name:ident { [$($success:ident),*], [$($failure:ident),*] }) => {
        impl $name {
            /// Returns how the work has ended; `None` while it goes on, and in a state that is not
            /// in the document.
            pub fn outcome(&self) -> ::std::option::Option<$crate::Outcome> {
                match self {
                    $(Self::$success => ::std::option::Option::Some($crate::Outcome::Success),)*
                    $(Self::$failure => ::std::option::Option::Some($crate::Outcome::Failure),)*
                    _ => ::std::option::Option::None,
                }
            }
        }
    };
}
