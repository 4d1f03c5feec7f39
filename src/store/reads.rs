//! What a [`Store`](super::Store) answers, by its nouns.

mod changes;
mod messages;
mod moderation;
mod notices;
mod people;
mod rooms;
mod threads;
mod upkeep;

pub use changes::ChangeReads;
pub use messages::MessageReads;
pub use moderation::ModerationReads;
pub use notices::PushStore;
pub use people::PeopleReads;
pub use rooms::{MemberEntry, Memberships, RoomEntry, RoomReads};
pub use threads::ThreadReads;
pub use upkeep::Upkeep;
