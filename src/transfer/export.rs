//! Writes the rows of a store as lines.

use std::collections::HashMap;

use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::line::{Header, Line};
use super::{Counts, MAX_LINE_BYTES, Scope, TransferError};
use crate::engine::Admin;
use crate::error::{Error, ErrorKind};
use crate::id::{RoomId, UserId};
use crate::model::{Member, MessageState, Room};
use crate::store::{KeptEdit, Record, RecordPage, RoomRecord, Store};

type Result<T> = std::result::Result<T, TransferError>;

/// Rows that are read at once; of a message that was edited so many besides.
const PAGE: u32 = 250;

impl Admin {
    /// Writes a room or everything as lines of JSON, and says how much it was. See
    /// [`transfer`](crate::transfer) for the lines, and for what holds while people talk. At most 500 rows are in
    /// memory at once. The writer is flushed at the end.
    ///
    /// # Errors
    /// [`TransferError::Write`]; [`TransferError::Store`] when the store cannot be read, or with
    /// [`RoomNotFound`](crate::ErrorKind::RoomNotFound); [`TransferError::TooLong`] for a row that no import
    /// would take. What has been written then has no footer, and no import takes it for whole.
    pub async fn export(
        &self,
        scope: Scope,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<Counts> {
        let mut export =
            Export { store: self.store(), writer, lines: 0, counts: Counts::default(), buffer: Vec::new() };
        export.line(&Header::new())?;
        match scope {
            Scope::All => export.everything().await?,
            Scope::Room(id) => {
                let room = room_at(export.store, RecordPage::Room(id)).await?;
                let room = room
                    .filter(|room| !room.is_deleted())
                    .ok_or_else(|| TransferError::Store(ErrorKind::RoomNotFound(id).into()))?;
                export
                    .pages(|after| RecordPage::ProfilesIn { room: id, after: after.and_then(user_of) })
                    .await?;
                export.rows_of(room).await?;
            }
        }
        let counts = export.counts;
        export.line(&Line::Footer(counts))?;
        export.flush().await?;
        export.writer.flush().await.map_err(TransferError::Write)?;
        Ok(counts)
    }
}

struct Export<'a, W> {
    store: &'a dyn Store,
    writer: &'a mut W,
    lines: u64,
    counts: Counts,
    /// The lines of a page.
    buffer: Vec<u8>,
}

impl<W: AsyncWrite + Unpin + Send> Export<'_, W> {
    async fn everything(&mut self) -> Result<()> {
        self.pages(|after| RecordPage::Profiles { after: after.and_then(user_of) }).await?;
        let after = |last: &Record| match last {
            Record::Relation(relation) => Some((relation.user.clone(), relation.other.clone())),
            _ => None,
        };
        self.pages(|last| RecordPage::Relations { after: last.and_then(after) }).await?;
        self.pages(|after| RecordPage::Settings { after: after.and_then(user_of) }).await?;
        self.pages(|after| RecordPage::DoNotDisturb { after: after.and_then(user_of) }).await?;
        let mut after = None;
        // One by one, so that each is as it is now when its messages are read.
        while let Some(room) = room_at(self.store, RecordPage::Rooms { after }).await? {
            after = Some(room.id);
            if !room.is_deleted() {
                self.rows_of(room).await?;
            }
        }
        Ok(())
    }

    /// Writes all pages, each beyond the last row of the one before it.
    async fn pages(&mut self, page: impl Fn(Option<&Record>) -> RecordPage + Send) -> Result<()> {
        let mut last = None;
        loop {
            let records = self.store.records(page(last.as_ref()), PAGE).await?;
            let Some(newest) = records.last() else { return Ok(()) };
            last = Some(newest.clone());
            for record in records {
                self.record(record)?;
            }
            self.flush().await?;
        }
    }

    /// Writes a room with what it has had when it was read.
    async fn rows_of(&mut self, room: Room) -> Result<()> {
        self.record(Record::Room(RoomRecord::Room(room.clone())))?;
        // Before the messages: what is sent meanwhile waits here still.
        let after = |last: &Record| match last {
            Record::Room(RoomRecord::Held(held)) => Some(held.id),
            _ => None,
        };
        self.pages(|last| RecordPage::Held { room: room.id, after: last.and_then(after) }).await?;
        // And before the people: who is let in meanwhile waits here still.
        let after = |last: &Record| match last {
            Record::Room(RoomRecord::JoinRequest(request)) => Some(request.id),
            _ => None,
        };
        self.pages(|last| RecordPage::JoinRequests { room: room.id, after: last.and_then(after) }).await?;
        let mut after = room.floor().seq - 1;
        while after < room.seq {
            let left = u32::try_from(room.seq - after).unwrap_or(PAGE).min(PAGE);
            let records = self.store.records(RecordPage::Messages { room: room.id, after }, left).await?;
            if records.is_empty() {
                break;
            }
            for record in records {
                let Record::Room(RoomRecord::Message(message, _)) = &record else { continue };
                if message.seq != after + 1 {
                    let cut = "messages were cut away while they were read: begin again";
                    return Err(TransferError::Store(Error::unavailable(cut)));
                }
                after = message.seq;
                let state = message.state.clone();
                let is_edited = state.edited_at.is_some() && !message.body.is_deleted();
                self.record(record)?;
                if is_edited {
                    self.edits_of(room.id, after, &state).await?;
                }
            }
            self.flush().await?;
        }
        self.reactions_in(&room).await?;
        let mut after: Option<UserId> = None;
        loop {
            let page = RecordPage::Members { room: room.id, after: after.take() };
            let records = self.store.records(page, PAGE).await?;
            let mut members: Vec<Member> = records.into_iter().filter_map(member_of).collect();
            let Some(last) = members.last() else { break };
            after = Some(last.user.clone());
            take_back_since(self.store, &room, &mut members).await?;
            for member in members {
                self.record(Record::Room(RoomRecord::Member(member)))?;
            }
            self.flush().await?;
        }
        let after = |last: &Record| match last {
            Record::Room(RoomRecord::Ban(ban)) => Some(ban.user.clone()),
            _ => None,
        };
        self.pages(|last| RecordPage::Bans { room: room.id, after: last.and_then(after) }).await?;
        let after = |last: &Record| match last {
            Record::Room(RoomRecord::Report(report)) => Some((report.message, report.by.clone())),
            _ => None,
        };
        self.pages(|last| RecordPage::Reports { room: room.id, after: last.and_then(after) }).await?;
        self.hidden_in(&room).await?;
        self.follows_in(&room).await?;
        let after = |last: &Record| match last {
            Record::Room(RoomRecord::Invite(invite)) => Some(invite.code),
            _ => None,
        };
        self.pages(|last| RecordPage::Invites { room: room.id, after: last.and_then(after) }).await?;
        self.acts_in(&room).await
    }

    /// What was done until the room was read.
    async fn acts_in(&mut self, room: &Room) -> Result<()> {
        let mut after = None;
        loop {
            let records = self.store.records(RecordPage::Acts { room: room.id, after }, PAGE).await?;
            let Some(Record::Room(RoomRecord::Act(last))) = records.last() else { return Ok(()) };
            after = Some(last.pos);
            for record in records {
                if matches!(&record, Record::Room(RoomRecord::Act(entry)) if entry.pos <= room.last_pos) {
                    self.record(record)?;
                }
            }
            self.flush().await?;
        }
    }

    /// What a message had said until it was read, the oldest first. It is looked for of those alone that were edited.
    async fn edits_of(&mut self, room: RoomId, seq: u64, read: &MessageState) -> Result<()> {
        let Some(edited_at) = read.edited_at else { return Ok(()) };
        let (mut after, mut n) = (None, 0);
        loop {
            let records = self.store.records(RecordPage::Edits { room, seq, after }, PAGE).await?;
            let Some(Record::Room(RoomRecord::Edit(last))) = records.last() else { return Ok(()) };
            after = Some(last.edit.version);
            for record in records {
                let Record::Room(RoomRecord::Edit(state)) = record else { continue };
                // Edited since then: it is what its line says.
                if state.edit.version >= read.changed_pos {
                    return Ok(());
                }
                n += 1;
                self.record(Record::Room(RoomRecord::Edit(KeptEdit { edited_at, n, ..state })))?;
            }
            self.flush().await?;
        }
    }

    /// Of threads whose roots are exported, with marks that are not beyond what is.
    async fn follows_in(&mut self, room: &Room) -> Result<()> {
        let mut after = None;
        loop {
            let page = RecordPage::Follows { room: room.id, after: after.take() };
            let records = self.store.records(page, PAGE).await?;
            let Some(Record::Room(RoomRecord::Follow(last))) = records.last() else { return Ok(()) };
            after = Some((last.root_seq, last.user.clone()));
            for record in records {
                let Record::Room(RoomRecord::Follow(mut follow)) = record else { continue };
                if follow.root_seq <= room.seq {
                    follow.read_seq = follow.read_seq.min(room.seq);
                    self.record(Record::Room(RoomRecord::Follow(follow)))?;
                }
            }
            self.flush().await?;
        }
    }

    /// Of messages that are exported.
    async fn hidden_in(&mut self, room: &Room) -> Result<()> {
        let mut after = None;
        loop {
            let page = RecordPage::Hidden { room: room.id, after: after.take() };
            let records = self.store.records(page, PAGE).await?;
            let Some(Record::Room(RoomRecord::Hidden(last))) = records.last() else { return Ok(()) };
            after = Some((last.user.clone(), last.seq));
            for record in records {
                if matches!(&record, Record::Room(RoomRecord::Hidden(hidden)) if hidden.seq <= room.seq) {
                    self.record(record)?;
                }
            }
            self.flush().await?;
        }
    }

    /// Those on messages that are exported.
    async fn reactions_in(&mut self, room: &Room) -> Result<()> {
        let mut after = None;
        loop {
            let page = RecordPage::Reactions { room: room.id, after: after.take() };
            let records = self.store.records(page, PAGE).await?;
            let Some(Record::Room(RoomRecord::Reaction(last, _))) = records.last() else { return Ok(()) };
            let is_beyond = last.seq > room.seq;
            after = Some((last.seq, last.reaction.clone(), last.user.clone()));
            for record in records {
                if matches!(&record, Record::Room(RoomRecord::Reaction(key, _)) if key.seq <= room.seq) {
                    self.record(record)?;
                }
            }
            self.flush().await?;
            if is_beyond {
                return Ok(());
            }
        }
    }

    fn record(&mut self, record: Record) -> Result<()> {
        let count = match &record {
            Record::Profile { .. } => &mut self.counts.profiles,
            Record::Relation(_) => &mut self.counts.relations,
            Record::Settings(..) => &mut self.counts.settings,
            Record::DoNotDisturb(..) => &mut self.counts.do_not_disturb,
            Record::Room(RoomRecord::Room(_)) => &mut self.counts.rooms,
            Record::Room(RoomRecord::Held(_)) => &mut self.counts.held,
            Record::Room(RoomRecord::JoinRequest(_)) => &mut self.counts.join_requests,
            Record::Room(RoomRecord::Message(..)) => &mut self.counts.messages,
            Record::Room(RoomRecord::Edit(_)) => &mut self.counts.edits,
            Record::Room(RoomRecord::Reaction(..)) => &mut self.counts.reactions,
            Record::Room(RoomRecord::Member(_)) => &mut self.counts.members,
            Record::Room(RoomRecord::Ban(_)) => &mut self.counts.bans,
            Record::Room(RoomRecord::Report(_)) => &mut self.counts.reports,
            Record::Room(RoomRecord::Hidden(_)) => &mut self.counts.hidden,
            Record::Room(RoomRecord::Follow(_)) => &mut self.counts.follows,
            Record::Room(RoomRecord::Act(_)) => &mut self.counts.acts,
            Record::Room(RoomRecord::Invite(_)) => &mut self.counts.invites,
        };
        *count += 1;
        self.line(&Line::from(record))
    }

    fn line(&mut self, line: &impl Serialize) -> Result<()> {
        self.lines += 1;
        let start = self.buffer.len();
        serde_json::to_writer(&mut self.buffer, line).map_err(|error| TransferError::Write(error.into()))?;
        self.buffer.push(b'\n');
        // What no import would take must not look like an export.
        if self.buffer.len() - start > MAX_LINE_BYTES {
            return Err(TransferError::TooLong { line: self.lines });
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.writer.write_all(&self.buffer).await.map_err(TransferError::Write)?;
        self.buffer.clear();
        Ok(())
    }
}

async fn room_at(store: &dyn Store, page: RecordPage) -> Result<Option<Room>> {
    let mut records = store.records(page, 1).await?;
    Ok(records.pop().and_then(|record| match record {
        Record::Room(RoomRecord::Room(room)) => Some(room),
        _ => None,
    }))
}

/// Takes back what has changed about members since the room was read.
async fn take_back_since(store: &dyn Store, room: &Room, members: &mut [Member]) -> Result<()> {
    let now = room_at(store, RecordPage::Room(room.id)).await?;
    if now.is_some_and(|now| now.last_pos == room.last_pos) {
        return Ok(());
    }
    // What the members had sent before their first message since then.
    let mut own: HashMap<UserId, u64> = HashMap::new();
    let mut after = room.seq;
    loop {
        let records = store.records(RecordPage::Messages { room: room.id, after }, PAGE).await?;
        if records.is_empty() {
            break;
        }
        for record in records {
            let Record::Room(RoomRecord::Message(message, _)) = record else { continue };
            after = message.seq;
            let sender = &message.sender.user;
            if members.binary_search_by(|member| member.user.cmp(sender)).is_ok() {
                let before = message.own_n.saturating_sub(u64::from(message.is_countable()));
                own.entry(sender.clone()).or_insert(before);
            }
        }
    }
    for member in members {
        take_back(room, member, own.get(&member.user).copied());
    }
    Ok(())
}

fn user_of(record: &Record) -> Option<UserId> {
    match record {
        Record::Profile { user, .. } | Record::Settings(user, _) | Record::DoNotDisturb(user, _) => {
            Some(user.clone())
        }
        _ => None,
    }
}

fn member_of(record: Record) -> Option<Member> {
    match record {
        Record::Room(RoomRecord::Member(member)) => Some(member),
        _ => None,
    }
}

/// The member as of the room: who has left since is in, and who has joined since begins at its head.
fn take_back(room: &Room, member: &mut Member, own_n: Option<u64>) {
    member.own_n = own_n.unwrap_or(member.own_n);
    if member.changed_pos > room.last_pos && member.joined_pos <= room.last_pos {
        member.active = true;
    }
    if member.read_seq > room.seq {
        (member.read_seq, member.read_n, member.read_own_n) = (room.seq, room.countable, member.own_n);
    }
    member.delivered_seq = member.delivered_seq.min(room.seq);
    member.joined_seq = member.joined_seq.min(room.seq);
}
