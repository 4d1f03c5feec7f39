//! What clients hand in, with the bounds that the engine is configured with.
//!
//! The types that bodies are read into take more than the engine does (a TEXT without words, say), so these schemas
//! are written by hand: what they allow is what is not refused as `INVALID_INPUT`.

use utoipa::openapi::schema::{AdditionalProperties, AllOfBuilder, AnyOfBuilder, OneOfBuilder, SchemaType};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Ref, RefOr, Schema, Type};

use super::schemas::{
    Field, Schemas, flag, list, named, needed, null, nullable_text, number, object, optional, or_null, text,
    word,
};
use crate::config::Config;
use crate::id::{AttachmentId, ChallengeId, ClientId, MessageId, RoomId, UserId};
use crate::model::{
    Ban, DailyHours, LastSeen, MAX_RETENTION_DAYS, MAX_RETENTION_MESSAGES, MAX_SLOW_MODE, NotifyLevel,
    Permissions, ReportOutcome, Role, Visibility,
};

/// Not white space alone, and no control characters but line breaks and tabs.
const WORDS: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
const CAPTION: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// White space around it is cut off, line breaks too.
const NAME: &str = r"^[\t-\r\u0085\s]*[^\u0000-\u001f\u007f-\u009f]*[\t-\r\u0085\s]*$";
const ADDRESS: &str =
    r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\u0000-\u001f\u007f-\u009f][^\s\u0000-\u001f\u007f-\u009f]*$";
const PICTURE: &str =
    r"^([Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\u0000-\u001f\u007f-\u009f][^\s\u0000-\u001f\u007f-\u009f]*)?$";
/// As `22:00`.
const TIME_OF_DAY: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
const MAX_ADDRESS_BYTES: usize = 2048;

/// The bodies' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    NewRoom,
    RoomUpdate,
    NewRole,
    NewParticipants,
    NewInvite,
    Sanction,
    NewLevel,
    NewQuiet,
    NewReport,
    NewResolution,
    Rejection,
    Draft,
    Forward,
    Edit,
    NewStream,
    MoreText,
    ReadTo,
    FriendRequest,
    FriendAnswer,
    TokenRequest,
    SettingsUpdate,
}

impl Body {
    const ALL: [Self; 21] = [
        Self::NewRoom,
        Self::RoomUpdate,
        Self::NewRole,
        Self::NewParticipants,
        Self::NewInvite,
        Self::Sanction,
        Self::NewLevel,
        Self::NewQuiet,
        Self::NewReport,
        Self::NewResolution,
        Self::Rejection,
        Self::Draft,
        Self::Forward,
        Self::Edit,
        Self::NewStream,
        Self::MoreText,
        Self::ReadTo,
        Self::FriendRequest,
        Self::FriendAnswer,
        Self::TokenRequest,
        Self::SettingsUpdate,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NewRoom => "NewRoom",
            Self::RoomUpdate => "RoomUpdate",
            Self::NewRole => "NewRole",
            Self::NewParticipants => "NewParticipants",
            Self::NewInvite => "NewInvite",
            Self::Sanction => "Sanction",
            Self::NewLevel => "NewLevel",
            Self::NewQuiet => "NewQuiet",
            Self::NewReport => "NewReport",
            Self::NewResolution => "NewResolution",
            Self::Rejection => "Rejection",
            Self::Draft => "Draft",
            Self::Forward => "Forward",
            Self::Edit => "Edit",
            Self::NewStream => "NewStream",
            Self::MoreText => "MoreText",
            Self::ReadTo => "ReadTo",
            Self::FriendRequest => "FriendRequest",
            Self::FriendAnswer => "FriendAnswer",
            Self::TokenRequest => "TokenRequest",
            Self::SettingsUpdate => "SettingsUpdate",
        }
    }

    pub(super) fn reference(self) -> Ref {
        Ref::from_schema_name(self.name())
    }

    pub(super) fn schema(self, config: &Config) -> RefOr<Schema> {
        match self {
            Self::NewRoom => new_room(config),
            Self::RoomUpdate => room_update(config),
            Self::NewRole => object("What somebody shall be.", [needed("role", named::<Role>())]).into(),
            Self::NewParticipants => {
                let users =
                    list(named::<UserId>()).min_items(Some(1)).max_items(Some(config.max_participants));
                object("Who shall join.", [needed("userUuids", users)]).into()
            }
            Self::NewInvite => {
                let whole =
                    || ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Integer, Type::Null]));
                let seconds = whole().minimum(Some(1_usize)).maximum(Some(31_536_000_usize));
                let seconds = seconds.description(Some("After how many seconds it does not hold any more."));
                let uses = whole().minimum(Some(1_usize)).maximum(Some(u32::MAX as usize));
                let uses = uses.description(Some("How many may come in by it."));
                let user = AnyOfBuilder::new()
                    .item(named::<UserId>())
                    .item(null())
                    .description(Some("Whom alone it invites. They are told of it."));
                let fields =
                    [optional("expiresIn", seconds), optional("maxUses", uses), optional("userUuid", user)];
                object("An invite link to make, or an invitation.", fields).into()
            }
            Self::Sanction => {
                let fields = [optional("expiresIn", seconds()), optional("reason", reason())];
                object("How long somebody is muted or banned, and why.", fields).into()
            }
            Self::NewLevel => object("Of which messages of a room the caller wants notices.", level()).into(),
            Self::NewQuiet => {
                object("When the caller wants no notices: for good, where it says nothing.", quiet()).into()
            }
            Self::NewReport => object("Why a message is reported.", [optional("reason", reason())]).into(),
            Self::NewResolution => {
                object("What was done.", [needed("outcome", named::<ReportOutcome>())]).into()
            }
            Self::Rejection => {
                let why = reason()
                    .description(Some("Why, for its sender, or for who asks. At most 1,000 bytes of UTF-8."));
                object("Why a held message is not sent, or somebody not let in.", [optional("reason", why)])
                    .into()
            }
            Self::Draft => draft(config),
            Self::Forward => {
                let client_id = optional("clientId", or_null(named::<ClientId>()));
                object("Where a message is passed on to.", [needed("roomUuid", named::<RoomId>()), client_id])
                    .into()
            }
            Self::Edit => {
                let bytes = config.max_content_bytes;
                let what =
                    format!("A TEXT needs words; null takes an IMAGE's caption away. At most {bytes} bytes.");
                let words = nullable_text(&what).pattern(Some(WORDS)).max_length(Some(bytes));
                let words = object("What it says now.", [needed("content", words), message_custom(config)]);
                let text = "It stands instead of what is there; an empty one takes that away.";
                let custom = custom(config.max_message_custom_bytes, Type::Object, text);
                let custom = object("What the app keeps with it now.", [needed("custom", custom)]);
                AnyOfBuilder::new()
                    .description(Some("What a message shall be. What is left out stays."))
                    .item(words.title(Some("Words")))
                    .item(custom.title(Some("Custom")))
                    .into()
            }
            Self::NewStream => object("A message that is yet to be written.", new_stream(config)).into(),
            Self::MoreText => object("What comes next.", [needed("text", more_text(config))]).into(),
            Self::ReadTo => read_to(),
            Self::FriendRequest => {
                let whom = needed("userUuid", named::<UserId>());
                object("Whose friendship is asked for.", [whom]).into()
            }
            Self::FriendAnswer => {
                object("An answer.", [needed("accept", flag("Whether they become friends."))]).into()
            }
            Self::SettingsUpdate => {
                object("What others shall see. What is left out stays.", settings()).into()
            }
            Self::TokenRequest => {
                let nickname = nullable_text("The name that others see; without it, the user's id.");
                let fields = [needed("userUuid", named::<UserId>()), optional("nickname", nickname)];
                object("Whose token is wanted.", fields).into()
            }
        }
    }

    /// Adds the schemas of all bodies, and of the ids in them.
    pub(super) fn add_to(components: ComponentsBuilder, config: &Config) -> ComponentsBuilder {
        let mut ids = Schemas::default();
        ids.add::<UserId>();
        ids.add::<MessageId>();
        ids.add::<RoomId>();
        ids.add::<ClientId>();
        ids.add::<ChallengeId>();
        ids.add::<AttachmentId>();
        ids.add::<ReportOutcome>();
        ids.add::<LastSeen>();
        let components = components.schemas_from_iter(ids.0);
        Self::ALL.iter().fold(components, |all, body| all.schema(body.name(), body.schema(config)))
    }
}

fn reason() -> ObjectBuilder {
    let reason = nullable_text("Why, for moderators. At most 1,000 bytes of UTF-8.");
    reason.max_length(Some(Ban::MAX_REASON_BYTES)).pattern(Some(CAPTION))
}

/// A time with an end, at most a year.
fn seconds() -> ObjectBuilder {
    let whole = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Integer, Type::Null]));
    let seconds = whole.minimum(Some(1_usize)).maximum(Some(31_536_000_usize));
    seconds.description(Some("After how many seconds it is over; without it, never."))
}

/// Of which messages of a room the caller wants notices.
pub(super) fn level() -> [Field; 2] {
    let words = NotifyLevel::ALL.iter().map(|level| level.name()).chain(["default"]);
    let level = text("Of which messages; `default` takes the choice back.").enum_values(Some(words));
    [needed("notifications", level), optional("expiresIn", seconds())]
}

/// When the caller wants no notices.
pub(super) fn quiet() -> [Field; 2] {
    let time = |what: &str| text(what).pattern(Some(TIME_OF_DAY));
    let offset = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(*DailyHours::UTC_OFFSETS.start()))
        .maximum(Some(*DailyHours::UTC_OFFSETS.end()))
        .description(Some("How many minutes their clock is before UTC. Default 0."));
    let hours = object(
        "Hours of each day. They may go over midnight.",
        [
            needed("from", time("When they begin.")),
            needed("to", time("When they are over: at another time than they begin.")),
            optional("utcOffset", offset),
        ],
    );
    [optional("expiresIn", seconds()), optional("daily", or_null(hours))]
}

/// What others shall see of the caller.
pub(super) fn settings() -> [Field; 3] {
    let yes_or_no = |what: &str| {
        let types = SchemaType::from_iter([Type::Boolean, Type::Null]);
        ObjectBuilder::new().schema_type(types).description(Some(what))
    };
    [
        optional("lastSeen", or_null(named::<LastSeen>())),
        optional("invisible", yes_or_no("Whether the caller looks as if they were not here.")),
        optional("readReceipts", yes_or_no("Whether others see how far the caller has read.")),
    ]
}

fn name(config: &Config, schema: ObjectBuilder) -> ObjectBuilder {
    schema.max_length(Some(config.max_name_chars)).pattern(Some(NAME))
}

fn topic(config: &Config, schema: ObjectBuilder) -> ObjectBuilder {
    schema.max_length(Some(config.max_topic_chars)).pattern(Some(CAPTION))
}

fn picture(schema: ObjectBuilder) -> ObjectBuilder {
    schema.max_length(Some(MAX_ADDRESS_BYTES)).pattern(Some(PICTURE))
}

fn custom(most: usize, types: impl Into<SchemaType>, more: &str) -> ObjectBuilder {
    let text = format!("What the app keeps of its own with it: any object of at most {most} bytes. {more}");
    ObjectBuilder::new()
        .schema_type(types)
        .description(Some(text))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
}

fn or_none() -> SchemaType {
    SchemaType::from_iter([Type::Object, Type::Null])
}

/// The same of a message.
fn message_custom(config: &Config) -> Field {
    let more = "Everybody who sees the message sees it.";
    optional("custom", custom(config.max_message_custom_bytes, or_none(), more))
}

/// At least one of the two, and nothing else.
fn retention() -> ObjectBuilder {
    let bounded = |text, most: u32| number(text).minimum(Some(1_usize)).maximum(Some(most));
    let text = "How long its messages are kept; null: as long as those of any room.";
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some(text))
        .property("days", bounded("For how many days.", MAX_RETENTION_DAYS))
        .property("messages", bounded("How many of them.", MAX_RETENTION_MESSAGES))
        .min_properties(Some(1))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

/// What is left out stays, but something must be there.
fn room_update(config: &Config) -> RefOr<Schema> {
    let name = name(config, text("The new name. A blank one takes its own name away."));
    let permit = |object: ObjectBuilder, (word, _)| object.property(word, named::<Role>());
    let some = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The least roles that may do something."))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    let permissions = Permissions::default().iter().fold(some, permit);
    let slow_mode =
        number("How many seconds have to pass between two messages of a member who is no admin; 0: none.");
    let fields = object(
        "What shall be another way.",
        [
            optional("name", name),
            optional("topic", topic(config, text("The new topic. A blank one takes it away."))),
            optional("picture", picture(text("The address of the new picture. An empty one takes it away."))),
            optional("permissions", permissions),
            optional("visibility", named::<Visibility>()),
            optional(
                "custom",
                custom(config.max_custom_bytes, Type::Object, "It stands instead of what is there."),
            ),
            optional("slowMode", slow_mode.maximum(Some(MAX_SLOW_MODE))),
            optional("retention", retention()),
        ],
    );
    let any = ["name", "topic", "picture", "permissions", "visibility", "custom", "slowMode", "retention"]
        .into_iter()
        .fold(AnyOfBuilder::new(), |any, field| {
            any.item(ObjectBuilder::new().schema_type(Type::Object).required(field))
        });
    AllOfBuilder::new()
        .description(Some("What shall be another way about a room."))
        .item(fields)
        .item(any)
        .into()
}

fn new_room(config: &Config) -> RefOr<Schema> {
    let called = || {
        let text = nullable_text("Its name; without one, one is made of the others' nicknames.");
        optional("name", name(config, text))
    };
    let about = || {
        let of = topic(config, nullable_text("What it is about."));
        [
            optional("topic", of),
            optional("picture", picture(nullable_text("The address of a picture."))),
            optional("custom", custom(config.max_custom_bytes, or_none(), "Empty without one.")),
        ]
    };
    let people = || list(named::<UserId>()).description(Some("Who takes part. The creator always does."));
    let no_challenge = || optional("challengeUuid", null());
    let direct = object(
        "The room of the caller and one other person; the same two always get the same room.",
        [
            needed("type", word("DIRECT")),
            needed("participantUuids", people().min_items(Some(1)).max_items(Some(1))),
            called(),
            no_challenge(),
            optional("visibility", word("private")),
        ]
        .into_iter()
        .chain(about()),
    );
    let group = object(
        "A room of any number of people.",
        [
            needed("type", word("GROUP")),
            needed("participantUuids", people().max_items(Some(config.max_participants))),
            called(),
            no_challenge(),
            optional("visibility", named::<Visibility>()),
        ]
        .into_iter()
        .chain(about()),
    );
    let challenge = object(
        "The room of a challenge, which has one at a time.",
        [
            needed("type", word("CHALLENGE")),
            needed("participantUuids", people().max_items(Some(config.max_participants))),
            needed("challengeUuid", named::<ChallengeId>()),
            called(),
            optional("visibility", named::<Visibility>()),
        ]
        .into_iter()
        .chain(about()),
    );
    let kinds =
        [direct.title(Some("Direct")), group.title(Some("Group")), challenge.title(Some("Challenge"))];
    one_of("A room to make.", kinds)
}

/// What a message that is yet to be written begins with.
pub(super) fn new_stream(config: &Config) -> [Field; 3] {
    let words = nullable_text("The first words, if there are any yet.").pattern(Some(CAPTION));
    [
        optional("content", words.max_length(Some(config.max_content_bytes))),
        optional("clientId", or_null(named::<ClientId>())),
        message_custom(config),
    ]
}

/// Words that are appended.
pub(super) fn more_text(config: &Config) -> ObjectBuilder {
    let bytes = config.max_content_bytes;
    let what = format!("The words. The whole message has at most {bytes} bytes of UTF-8.");
    text(&what).pattern(Some(CAPTION)).max_length(Some(bytes))
}

fn draft(config: &Config) -> RefOr<Schema> {
    let client_id = || optional("clientId", or_null(named::<ClientId>()));
    let files = || {
        let files = list(named::<AttachmentId>()).max_items(Some(config.max_attachments)).unique_items(true);
        files.description(Some("Files that the caller has uploaded into the room, each for one message."))
    };
    let quoted = || optional("quotedMessageUuid", or_null(named::<MessageId>()));
    let mentions = || {
        let users = list(named::<UserId>()).max_items(Some(config.max_mentions));
        let what = "Whom it mentions. Whoever is not in the room is left out, and so is the sender.";
        optional("mentions", or_null(users.description(Some(what))))
    };
    let parent = || optional("parentMessageUuid", or_null(named::<MessageId>()));
    let shown = || optional("showInRoom", flag("Whether a reply is meant for the whole room too."));
    let all = || {
        optional(
            "mentionsAll",
            flag("Whether it mentions everybody, which takes the permission `mentionAll`."),
        )
    };
    let bytes = config.max_content_bytes;
    let described = |what: &str| format!("{what} At most {bytes} bytes of UTF-8.");
    let content = text(&described("The words; not blank.")).pattern(Some(WORDS)).max_length(Some(bytes));
    let words = object(
        "Words.",
        [
            needed("type", word("TEXT")),
            needed("content", content.min_length(Some(1))),
            optional("imageUrl", null()),
            optional("attachments", files()),
            client_id(),
            quoted(),
            mentions(),
            all(),
            parent(),
            shown(),
            message_custom(config),
        ],
    );
    let caption = || {
        let text = nullable_text(&described("A caption.")).pattern(Some(CAPTION));
        optional("content", text.max_length(Some(bytes)))
    };
    let address = text("An http or https address.").pattern(Some(ADDRESS));
    let picture = object(
        "A picture by its address.",
        [
            needed("type", word("IMAGE")),
            needed("imageUrl", address.max_length(Some(MAX_ADDRESS_BYTES))),
            caption(),
            optional("attachments", files()),
            client_id(),
            quoted(),
            mentions(),
            all(),
            parent(),
            shown(),
            message_custom(config),
        ],
    );
    let wordless = object(
        "Files without words.",
        [
            needed("type", word("TEXT")),
            needed("attachments", files().min_items(Some(1))),
            optional("content", null()),
            optional("imageUrl", null()),
            client_id(),
            quoted(),
            mentions(),
            all(),
            parent(),
            shown(),
            message_custom(config),
        ],
    );
    let uploaded = object(
        "Pictures that were uploaded.",
        [
            needed("type", word("IMAGE")),
            needed("attachments", files().min_items(Some(1))),
            optional("imageUrl", null()),
            caption(),
            client_id(),
            quoted(),
            mentions(),
            all(),
            parent(),
            shown(),
            message_custom(config),
        ],
    );
    let kinds = [
        words.title(Some("Text")),
        picture.title(Some("Image")),
        wordless.title(Some("Files")),
        uploaded.title(Some("Uploaded pictures")),
    ];
    one_of("A message to send.", kinds)
}

fn read_to() -> RefOr<Schema> {
    let by_id = [needed("messageUuid", named::<MessageId>()), optional("seq", null())];
    let seq = number("The number of a message; one beyond the newest stands for the newest.");
    let by_number = [needed("seq", seq), optional("messageUuid", null())];
    let newest = [optional("messageUuid", null()), optional("seq", null())];
    one_of(
        "Up to where the caller has read.",
        [
            object("Up to this message.", by_id).title(Some("By id")),
            object("Up to this number.", by_number).title(Some("By number")),
            object("Up to the newest message.", newest).title(Some("Newest")),
        ],
    )
}

fn one_of(description: &str, kinds: impl IntoIterator<Item = ObjectBuilder>) -> RefOr<Schema> {
    let one_of = OneOfBuilder::new().description(Some(description));
    kinds.into_iter().fold(one_of, |one_of, kind| one_of.item(kind)).into()
}
