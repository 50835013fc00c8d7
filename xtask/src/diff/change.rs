//! A difference, and its effect on code that was written against the old document.

use serde::Serialize;

/// A change that callers of the generated crate see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    pub place: Place,
    /// The location in the operation or model: `query.limit`, `request`, `response`, or the name of
    /// a property. Empty for a change of the operation or model itself.
    pub path: String,
    pub kind: Kind,
    pub before: Option<String>,
    pub after: Option<String>,
    pub class: Class,
    /// The operations that send or receive the model.
    pub operations: Vec<String>,
    /// The contents of an added model.
    pub contents: Vec<String>,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// An operation, by its id in the new document (in the old one if it was removed).
    Operation(String),
    /// A model, by its Rust name in the new document (in the old one if it was removed).
    Model(String),
}

/// The effect of a change on code that was written against the old document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The code may not compile any more, or the request is refused or not understood.
    Breaking,
    /// The code compiles and does something else.
    Behaviour,
    Compatible,
}

impl Class {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Behaviour => "behaviour",
            Self::Compatible => "compatible",
        }
    }

    pub(super) fn of(breaking: bool) -> Self {
        match breaking {
            true => Self::Breaking,
            false => Self::Compatible,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Added,
    Removed,
    /// Another name in Rust: an operation id, a method, a setter, a field, a type or a variant.
    Renamed,
    /// An operation has another method or path.
    Moved,
    Deprecated,
    Undeprecated,
    /// The operation moved to another cargo feature.
    TagChanged,
    Required,
    Optional,
    Nullable,
    NotNullable,
    TypeChanged,
    MediaTypeChanged,
    ValueAdded,
    ValueRemoved,
    /// A wait for a state ends in other cases, or in another way.
    FinalStateChanged,
    VariantAdded,
    VariantRemoved,
    /// The variant is selected by other tags or properties.
    SelectionChanged,
    DiscriminatorChanged,
    /// The value that a builder sets.
    ConstantChanged,
    /// The check that a response has to pass.
    CheckChanged,
    /// Only requests or only responses have the property.
    SideChanged,
    IdempotencyKeyChanged,
    RepeatableChanged,
    CredentialChanged,
    ScopesChanged,
    PagesChanged,
}

impl Kind {
    /// The text of the kind for people.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Moved => "moved",
            Self::Deprecated => "deprecated",
            Self::Undeprecated => "no longer deprecated",
            Self::TagChanged => "tag changed",
            Self::Required => "required now",
            Self::Optional => "optional now",
            Self::Nullable => "may be null now",
            Self::NotNullable => "is never null any more",
            Self::TypeChanged => "type changed",
            Self::MediaTypeChanged => "media type changed",
            Self::ValueAdded => "value added",
            Self::ValueRemoved => "value removed",
            Self::FinalStateChanged => "final state changed",
            Self::VariantAdded => "variant added",
            Self::VariantRemoved => "variant removed",
            Self::SelectionChanged => "selected by other values",
            Self::DiscriminatorChanged => "discriminator changed",
            Self::ConstantChanged => "constant changed",
            Self::CheckChanged => "check changed",
            Self::SideChanged => "used by other sides",
            Self::IdempotencyKeyChanged => "idempotency key changed",
            Self::RepeatableChanged => "repeated in other cases",
            Self::CredentialChanged => "credential changed",
            Self::ScopesChanged => "permissions changed",
            Self::PagesChanged => "pages changed",
        }
    }
}

/// Collects the changes of one operation or model.
pub(super) struct Changes {
    place: Place,
    operations: Vec<String>,
    pub(super) found: Vec<Change>,
}

impl Changes {
    pub(super) fn of(place: Place, operations: Vec<String>) -> Self {
        Self {
            place,
            operations,
            found: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        class: Class,
        kind: Kind,
        path: &str,
        before: Option<String>,
        after: Option<String>,
    ) {
        self.found.push(Change {
            place: self.place.clone(),
            path: path.to_owned(),
            kind,
            before,
            after,
            class,
            operations: self.operations.clone(),
            contents: Vec::new(),
        });
    }

    /// Adds a change if two values differ.
    pub(super) fn differ(
        &mut self,
        class: Class,
        kind: Kind,
        path: &str,
        before: &str,
        after: &str,
    ) {
        if before != after {
            let (before, after) = (Some(before.to_owned()), Some(after.to_owned()));
            self.add(class, kind, path, before, after);
        }
    }

    /// Adds a change if a flag differs: its kind and class where it was set, and where it was
    /// unset.
    pub(super) fn flag(
        &mut self,
        path: &str,
        (before, after): (bool, bool),
        set: (Class, Kind),
        unset: (Class, Kind),
    ) {
        match (before, after) {
            (false, true) => self.add(set.0, set.1, path, None, None),
            (true, false) => self.add(unset.0, unset.1, path, None, None),
            _ => {}
        }
    }

    pub(super) fn deprecated(&mut self, path: &str, flags: (bool, bool)) {
        let set = (Class::Compatible, Kind::Deprecated);
        let unset = (Class::Compatible, Kind::Undeprecated);
        self.flag(path, flags, set, unset);
    }
}
