//! A difference, and its effect on code that was written against the old document.

use serde::Serialize;

/// A change that a user of the generated crate sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// The operation id in the new document (in the old one if the operation was removed). `None` for a model that no
    /// operation reaches.
    pub operation: Option<String>,
    /// The location in the operation: `query.limit`, `request.wallet.name`, `response.data[].status`. A union variant
    /// is given by its tag in angle brackets: `response<MPC>.vault_id`. `models.Event.id` is in a model that no
    /// operation reaches. Empty for a change of the operation itself.
    pub path: String,
    pub kind: Kind,
    pub before: Option<String>,
    pub after: Option<String>,
    pub class: Class,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    Breaking,
    Compatible,
}

/// Where a schema is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Direction {
    Request,
    Response,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    OperationAdded,
    OperationRemoved,
    /// The operation id changed, so the client's method has another name; method and path are the same.
    OperationRenamed,
    /// The method or path changed; the operation id is the same.
    OperationMoved,
    OperationDeprecated,
    OperationUndeprecated,
    /// The operation moved to another cargo feature.
    TagChanged,
    ParameterAdded,
    ParameterRemoved,
    ParameterRequired,
    ParameterOptional,
    ParameterDeprecated,
    ParameterUndeprecated,
    BodyAdded,
    BodyRemoved,
    BodyRequired,
    BodyOptional,
    MediaTypeChanged,
    ResponseAdded,
    ResponseRemoved,
    ModelAdded,
    ModelRemoved,
    FieldAdded,
    FieldRemoved,
    FieldRequired,
    FieldOptional,
    FieldDeprecated,
    FieldUndeprecated,
    FieldNullable,
    FieldNotNullable,
    TypeChanged,
    EnumValueAdded,
    EnumValueRemoved,
    VariantAdded,
    VariantRemoved,
    DiscriminatorChanged,
}

impl Kind {
    /// The effect of a change on code that was written against the old document.
    ///
    /// Requests are built with setters, so a new optional value breaks nothing. Responses are read as fields, so a
    /// field of another type breaks code that reads it, and an `Option` is another type. Enums, unions and structs are
    /// open, so additions to them never break anything.
    pub(super) fn class(self, direction: Direction, required: bool) -> Class {
        let breaking = match self {
            Self::OperationAdded
            | Self::OperationDeprecated
            | Self::OperationUndeprecated
            | Self::ParameterOptional
            | Self::ParameterDeprecated
            | Self::ParameterUndeprecated
            | Self::BodyOptional
            | Self::ModelAdded
            | Self::FieldDeprecated
            | Self::FieldUndeprecated
            | Self::EnumValueAdded
            | Self::VariantAdded => false,
            Self::OperationRemoved
            | Self::OperationRenamed
            | Self::OperationMoved
            | Self::TagChanged
            | Self::ParameterRemoved
            | Self::ParameterRequired
            | Self::BodyRemoved
            | Self::BodyRequired
            | Self::MediaTypeChanged
            | Self::ResponseAdded
            | Self::ResponseRemoved
            | Self::ModelRemoved
            | Self::FieldRemoved
            | Self::FieldRequired
            | Self::FieldNotNullable
            | Self::TypeChanged
            | Self::EnumValueRemoved
            | Self::VariantRemoved
            | Self::DiscriminatorChanged => true,
            // A new required value breaks callers that do not set it.
            Self::ParameterAdded | Self::BodyAdded => required,
            Self::FieldAdded => direction == Direction::Request && required,
            Self::FieldOptional | Self::FieldNullable => direction == Direction::Response,
        };
        if breaking {
            Class::Breaking
        } else {
            Class::Compatible
        }
    }

    /// The text of the kind for people.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::OperationAdded | Self::ParameterAdded | Self::BodyAdded => "added",
            Self::ResponseAdded => "has a response body",
            Self::ModelAdded | Self::FieldAdded => "added",
            Self::OperationRemoved | Self::ParameterRemoved | Self::BodyRemoved => "removed",
            Self::ResponseRemoved => "has no response body any more",
            Self::ModelRemoved | Self::FieldRemoved => "removed",
            Self::OperationRenamed => "renamed",
            Self::OperationMoved => "moved",
            Self::OperationDeprecated | Self::ParameterDeprecated | Self::FieldDeprecated => {
                "deprecated"
            }
            Self::OperationUndeprecated | Self::ParameterUndeprecated | Self::FieldUndeprecated => {
                "no longer deprecated"
            }
            Self::TagChanged => "tag changed",
            Self::ParameterRequired | Self::BodyRequired | Self::FieldRequired => "required now",
            Self::ParameterOptional | Self::BodyOptional | Self::FieldOptional => "optional now",
            Self::MediaTypeChanged => "media type changed",
            Self::FieldNullable => "may be null now",
            Self::FieldNotNullable => "is never null any more",
            Self::TypeChanged => "type changed",
            Self::EnumValueAdded => "value added",
            Self::EnumValueRemoved => "value removed",
            Self::VariantAdded => "variant added",
            Self::VariantRemoved => "variant removed",
            Self::DiscriminatorChanged => "discriminator changed",
        }
    }
}

/// Collects the changes of one operation.
pub(super) struct Changes {
    operation: Option<String>,
    pub(super) found: Vec<Change>,
}

impl Changes {
    pub(super) fn of(operation: Option<&str>) -> Self {
        Self {
            operation: operation.map(str::to_owned),
            found: Vec::new(),
        }
    }

    /// Records a change. `required` tells whether an added value must be given.
    pub(super) fn note(
        &mut self,
        kind: Kind,
        path: &str,
        (direction, required): (Direction, bool),
        before: Option<String>,
        after: Option<String>,
    ) {
        self.found.push(Change {
            operation: self.operation.clone(),
            path: path.to_owned(),
            kind,
            before,
            after,
            class: kind.class(direction, required),
        });
    }
}
