use super::PartialModel;

/// A value that a builder's setter takes for a field of type `T`: the model, its builder, or, if
/// `T` is a union, one of the union's variants or its builder.
///
/// The generator implements it for builders and variants.
pub trait IntoField<T> {
    /// Returns the field's value as far as it is built.
    fn into_field(self) -> PartialModel<T>;
}

impl<T> IntoField<T> for T {
    fn into_field(self) -> PartialModel<T> {
        PartialModel::complete(self)
    }
}
