//! The parts that schemas are made of: ids, times and tokens, with the bounds that their parsers keep.

use utoipa::openapi::schema::{OneOfBuilder, SchemaType};
use utoipa::openapi::{ArrayBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::Timestamp;
use crate::id::{
    AttachmentId, ChallengeId, ClientId, JoinRequestId, MAX_ID_CHARS, MessageId, ReportId, RoomId, UserId,
};
use crate::model::{InviteCode, MAX_REACTION_BYTES, Reaction, Token};

/// No control characters and no line separators, and not white space alone.
const OPAQUE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*[^\s\u0000-\u001f\u007f-\u009f\u2028\u2029][^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$";
/// No white space and no control characters.
const REACTION: &str = r"^[^\s\u0000-\u001f\u007f-\u009f]+$";
const ULID: &str = "^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}$";

pub(super) fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

/// Any JSON.
#[cfg(any(feature = "ws", feature = "socketio"))]
pub(super) fn anything(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some(description))
}

/// One word and no other.
pub(super) fn word(word: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([word]))
}

pub(super) fn flag(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description))
}

/// A whole number that is not negative.
pub(super) fn number(description: &str) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Integer).description(Some(description));
    number.minimum(Some(0_usize)).maximum(Some(usize::MAX))
}

pub(super) fn null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Null)
}

/// What the schema says, or null.
pub(super) fn or_null(schema: impl Into<RefOr<Schema>>) -> RefOr<Schema> {
    OneOfBuilder::new().item(null()).item(schema).into()
}

/// A text that may be null.
pub(super) fn nullable_text(description: &str) -> ObjectBuilder {
    let types = [Type::String, Type::Null];
    ObjectBuilder::new().schema_type(SchemaType::from_iter(types)).description(Some(description))
}

/// The named schema.
pub(super) fn named<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

/// Named schemas, each with those that it refers to.
#[derive(Default)]
pub(super) struct Schemas(pub(super) Vec<(String, RefOr<Schema>)>);

impl Schemas {
    pub(super) fn add<T: ToSchema>(&mut self) {
        self.0.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.0);
    }
}

pub(super) fn list(of: impl Into<RefOr<Schema>>) -> ArrayBuilder {
    ArrayBuilder::new().items(of.into())
}

/// A field of an [`object`].
pub(super) enum Field {
    /// One that is always there.
    Needed(&'static str, RefOr<Schema>),
    Optional(&'static str, RefOr<Schema>),
}

pub(super) fn needed(name: &'static str, schema: impl Into<RefOr<Schema>>) -> Field {
    Field::Needed(name, schema.into())
}

pub(super) fn optional(name: &'static str, schema: impl Into<RefOr<Schema>>) -> Field {
    Field::Optional(name, schema.into())
}

pub(super) fn object(description: &str, fields: impl IntoIterator<Item = Field>) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(description));
    fields.into_iter().fold(object, |object, field| match field {
        Field::Needed(name, schema) => object.property(name, schema).required(name),
        Field::Optional(name, schema) => object.property(name, schema),
    })
}

fn opaque(description: &str) -> RefOr<Schema> {
    let id = text(description).min_length(Some(1)).max_length(Some(MAX_ID_CHARS));
    id.pattern(Some(OPAQUE)).into()
}

fn ulid(description: &str) -> RefOr<Schema> {
    text(description).pattern(Some(ULID)).into()
}

macro_rules! schemas {
    ($($name:ident: $schema:expr;)+) => {
        $(
            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $schema
                }
            }

            impl ToSchema for $name {}
        )+
    };
}

schemas! {
    UserId: opaque("A user, named by the app: opaque, compared byte by byte.");
    ClientId: opaque("The name that a client gives one of its messages: sending twice under one name sends once.");
    ChallengeId: opaque("A challenge of the app, which has at most one open room.");
    RoomId: ulid("A room: a ULID.");
    InviteCode: text("What an invite link is known by: who has it comes in.")
        .pattern(Some("^[A-Za-z0-9_-]{21}[AQgw]$"))
        .into();
    MessageId: ulid("A message: a ULID.");
    Reaction: text("An emoji, or a word such as `like`; at most 64 bytes of UTF-8.")
        .min_length(Some(1))
        .max_length(Some(MAX_REACTION_BYTES))
        .pattern(Some(REACTION))
        .into();
    AttachmentId: ulid("A file: a ULID.");
    ReportId: ulid("A report: a ULID.");
    JoinRequestId: ulid("A request to join a room: a ULID.");
    Timestamp: text("RFC 3339, in UTC, with milliseconds.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .into();
    Token: text("A place in all of a user's rooms, opaque: good on any transport, and after a restart.")
        .max_length(Some(64))
        .pattern(Some("^[A-Za-z0-9_-]+$"))
        .into();
}
