//! What goes over the wire as JSON, the same for every transport: names in camelCase, times in RFC 3339.

mod amended;
mod attachments;
mod edits;
mod error;
pub(crate) mod events;
mod feed;
mod held;
mod invites;
mod joins;
mod json;
mod message;
mod moderation;
mod notify;
mod people;
mod permissions;
mod pins;
mod public;
mod references;
mod reply;
mod reports;
mod retention;
mod room;
mod search;
mod settings;
mod threads;
mod waiting;

pub(crate) use amended::{MessageChangeJson, ReactionsJson};
pub(crate) use attachments::AttachmentJson;
#[cfg(any(feature = "blobs", feature = "openapi"))]
pub(crate) use attachments::LinkJson;
pub(crate) use edits::EditsJson;
pub(crate) use error::ErrorJson;
pub(crate) use events::EventJson;
pub(crate) use feed::FeedJson;
pub(crate) use held::{HeldAnswerJson, HeldNewsJson, HeldPageJson};
pub(crate) use invites::{
    InvitationsJson, InviteDeclinedJson, InviteEndedJson, InviteJson, InvitePreviewJson, InvitedJson,
    InvitesJson,
};
pub(crate) use joins::{JoinHeldJson, JoinNewsJson, JoinRequestsJson, OwnJoinRequestsJson};
pub(crate) use json::{
    HistoryArgs, PlaceJson, Word, given, missing, parse, parse_limit, parse_mark, parse_message,
    parse_number, parse_place, parse_reaction, parse_since, parse_target, parse_text, revision, whole,
    whole_signed,
};
pub(crate) use message::{HistoryJson, MessageJson};
pub(crate) use moderation::{AuditJson, BanJson, BansJson, MuteJson};
pub(crate) use notify::{DoNotDisturbJson, LevelArgs, NotificationsJson, QuietArgs, QuietJson};
pub(crate) use people::{ParticipantsJson, PeopleJson, RelationJson, UserJson};
pub(crate) use permissions::PermissionsJson;
pub(crate) use pins::PinsJson;
pub(crate) use public::PublicRoomsJson;
pub(crate) use reply::{MarkedJson, ReplyJson};
pub(crate) use reports::{ReportJson, ReportsJson};
pub(crate) use retention::RetentionJson;
pub(crate) use room::{RoomJson, RoomsJson};
pub(crate) use search::{HitsJson, SearchArgs};
pub(crate) use settings::{SettingsArgs, SettingsJson, SettledJson};
pub(crate) use threads::{RepliesJson, ThreadReadJson, ThreadStateJson, ThreadsJson};
pub(crate) use waiting::{WaitingChangedJson, WaitingType};
