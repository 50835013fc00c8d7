//! A difference, and what it does to code that was written against the old document.

use serde::Serialize;

/// Something that a user of the generated crate sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// The operation id in the new document, or in the old one where it was removed; `None` of a
    /// model that no operation reaches.
    pub operation: Option<String>,
    /// Where in the operation: `query.limit`, `request.wallet.name`, `response.data[].status`. In a
    /// union the variant's tag stands in angle brackets: `response<MPC>.vault_id`. `models.Event.id`
    /// is in a model that no operation reaches. Empty where it is about the operation itself.
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
    /// The same method and path, another operation id: another method of the client.
    OperationRenamed,
    /// The same operation id, another method or path.
    OperationMoved,
    OperationDeprecated,
    OperationUndeprecated,
    /// It stands behind another cargo feature.
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
    /// What a change does to code that was written against the old document.
    ///
    /// Requests are made with setters, so one more that is optional breaks nothing. Responses are
    /// read as fields, so a field of another type breaks code that reads it, and an `Option` is
    /// another type. Enums, unions and structs are open: more of them never breaks anything.
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
            // What is asked for in addition breaks callers that do not give it.
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

    /// As it is said to people.
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

    /// Notes a change. `required` says whether what was added has to be given.
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
