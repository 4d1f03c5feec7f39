//! Reads lines, and has the engine take them in.

use std::collections::VecDeque;
use std::fmt;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};
use tokio::sync::oneshot;

use super::line::{Header, Line};
use super::{Counts, MAX_LINE_BYTES, RoomCounts, TransferError};
use crate::engine::Admin;
use crate::error::Error;
use crate::id::RoomId;
use crate::model::Room;
use crate::store::{Record, RecordPage, RoomRecord};

type Result<T> = std::result::Result<T, TransferError>;

/// How many records wait for their commits at most.
const WAITING: usize = 500;

/// And about how many bytes; one line more is read beyond it.
const WAITING_BYTES: usize = 1024 * 1024;

/// After so many lines whoever watches is told.
const TOLD_AFTER: u64 = 500;

impl Admin {
    /// Takes in what [`export`](Self::export) has written, and says how much it was, what was there before
    /// counted as well. Every 500 lines, and at the end, `progress` is told how much has been read. At most 500
    /// records and about 1 MiB of lines wait for their commits. See [`transfer`](crate::transfer) for what it keeps,
    /// and for running it again.
    ///
    /// # Errors
    /// One that names the line, when it is broken ([`Malformed`](TransferError::Malformed),
    /// [`TooLong`](TransferError::TooLong), [`Misplaced`](TransferError::Misplaced),
    /// [`Format`](TransferError::Format)), or when it contradicts what is there
    /// ([`Refused`](TransferError::Refused)); one that says where the lines are cut off
    /// ([`Cut`](TransferError::Cut)), or that they are fewer than the footer counts
    /// ([`Counts`](TransferError::Counts)); [`TransferError::Incomplete`] when a room has not become what was
    /// exported; [`TransferError::Read`], and [`TransferError::Store`] when the store or the engine cannot answer.
    /// What comes before the line at fault stays; a fault in the first line changes nothing.
    pub async fn import(
        &self,
        reader: &mut (impl AsyncBufRead + Unpin + Send),
        progress: impl FnMut(Counts) + Send,
    ) -> Result<Counts> {
        let mut lines = Lines { reader, line: 0, buffer: Vec::new() };
        // What is no export changes nothing, not even the epoch.
        lines.header().await?;
        self.rotate_epoch().await?;
        let mut import = Import { admin: self, waiting: VecDeque::new(), bytes: 0, room: None };
        let read = import.lines(lines, progress).await;
        // Also after an error: a part may be there, and tokens have been given out since the beginning.
        let ended = self.end_import().await;
        let counts = read?;
        ended?;
        Ok(counts)
    }
}

/// What is wrong with the JSON of a line. The line that JSON counts itself is always the first.
#[derive(Debug)]
struct JsonError(serde_json::Error);

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().replace(" at line 1 column ", " at column "))
    }
}

impl std::error::Error for JsonError {}

struct Lines<'a, R> {
    reader: &'a mut R,
    /// The number of the line that was read last.
    line: u64,
    buffer: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin + Send> Lines<'_, R> {
    /// Reads the next line into the buffer; `false` at the end.
    async fn next(&mut self) -> Result<bool> {
        self.buffer.clear();
        let mut bounded = (&mut *self.reader).take(MAX_LINE_BYTES as u64 + 1);
        let read = bounded.read_until(b'\n', &mut self.buffer).await.map_err(TransferError::Read)?;
        self.line += u64::from(read > 0);
        if read > MAX_LINE_BYTES {
            return Err(TransferError::TooLong { line: self.line });
        }
        Ok(read > 0)
    }

    async fn header(&mut self) -> Result<()> {
        if !self.next().await? {
            return Err(TransferError::Cut { line: 0 });
        }
        let header: std::result::Result<Header, _> = serde_json::from_slice(&self.buffer);
        match header {
            Ok(header) if header.format == Header::FORMAT => Ok(()),
            Ok(header) => Err(TransferError::Format { found: header.format }),
            // Any other line has no format: then it is the header that is missing.
            Err(error) if error.is_data() => Err(self.misplaced("is no header of an export")),
            Err(error) => Err(self.malformed(JsonError(error))),
        }
    }

    fn malformed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransferError {
        TransferError::Malformed { line: self.line, source: source.into() }
    }

    fn misplaced(&self, what: &'static str) -> TransferError {
        TransferError::Misplaced { line: self.line, what }
    }
}

struct Import<'a> {
    admin: &'a Admin,
    /// In the order of the lines.
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// The room whose rows are being read.
    room: Option<Expected>,
}

/// What has been handed in.
enum Waiting {
    /// A record, of which it will be told what came of it.
    Record { line: u64, bytes: usize, told: oneshot::Receiver<std::result::Result<(), Error>> },
    /// A room, all of whose records stand before this.
    Room(Expected),
}

/// What a room should be after its records.
struct Expected {
    room: RoomId,
    line: u64,
    counts: RoomCounts,
}

impl Import<'_> {
    async fn lines<R: AsyncBufRead + Unpin + Send>(
        &mut self,
        mut lines: Lines<'_, R>,
        mut progress: impl FnMut(Counts) + Send,
    ) -> Result<Counts> {
        let mut counts = Counts::default();
        while lines.next().await? {
            let line: Line =
                serde_json::from_slice(&lines.buffer).map_err(|error| lines.malformed(JsonError(error)))?;
            let record = match line {
                Line::Header { .. } => return Err(lines.misplaced("is another header")),
                Line::Footer(footer) => {
                    let (line, footer, read) = (lines.line, footer, counts);
                    if footer != read {
                        let (footer, read) = (Box::new(footer), Box::new(read));
                        return Err(TransferError::Counts { line, footer, read });
                    }
                    if lines.next().await? {
                        return Err(lines.misplaced("follows the footer"));
                    }
                    self.end_room();
                    self.wait(0).await?;
                    progress(counts);
                    return Ok(counts);
                }
                Line::Profile(line) => {
                    counts.profiles += 1;
                    line.record().map_err(|error| lines.malformed(error))?
                }
                Line::Relation(line) => {
                    counts.relations += 1;
                    Record::Relation(line.record().map_err(|error| lines.malformed(error))?)
                }
                Line::Settings(line) => {
                    counts.settings += 1;
                    line.record()
                }
                Line::DoNotDisturb(line) => {
                    counts.do_not_disturb += 1;
                    line.record().map_err(|error| lines.malformed(error))?
                }
                Line::Room(line) => {
                    counts.rooms += 1;
                    let room = line.record().map_err(|error| lines.malformed(error))?;
                    self.begin_room(&room, lines.line);
                    Record::Room(RoomRecord::Room(room))
                }
                Line::Held(line) => {
                    counts.held += 1;
                    let held = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(held.room, &lines)?;
                    Record::Room(RoomRecord::Held(held))
                }
                Line::JoinRequest(line) => {
                    counts.join_requests += 1;
                    let request = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(request.room, &lines)?;
                    Record::Room(RoomRecord::JoinRequest(request))
                }
                Line::Message(line) => {
                    counts.messages += 1;
                    let (message, hash) = line.record().map_err(|error| lines.malformed(error))?;
                    let head = self.check_room(message.room, &lines)?.counts.seq;
                    if message.seq > head {
                        return Err(lines.misplaced("has a number beyond its room's"));
                    }
                    Record::Room(RoomRecord::Message(message, hash))
                }
                Line::Edit(line) => {
                    counts.edits += 1;
                    let state = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(state.room, &lines)?;
                    Record::Room(RoomRecord::Edit(state))
                }
                Line::Reaction(line) => {
                    counts.reactions += 1;
                    let (key, message) = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(key.room, &lines)?;
                    Record::Room(RoomRecord::Reaction(key, message))
                }
                Line::Member(line) => {
                    counts.members += 1;
                    let member = line.record().map_err(|error| lines.malformed(error))?;
                    let room = self.check_room(member.room, &lines)?;
                    room.counts.members += u64::from(member.active);
                    Record::Room(RoomRecord::Member(member))
                }
                Line::Ban(line) => {
                    counts.bans += 1;
                    let ban = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(ban.room, &lines)?;
                    Record::Room(RoomRecord::Ban(ban))
                }
                Line::Report(line) => {
                    counts.reports += 1;
                    let report = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(report.room, &lines)?;
                    Record::Room(RoomRecord::Report(report))
                }
                Line::Hidden(line) => {
                    counts.hidden += 1;
                    let hidden = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(hidden.room, &lines)?;
                    Record::Room(RoomRecord::Hidden(hidden))
                }
                Line::Follow(line) => {
                    counts.follows += 1;
                    let follow = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(follow.room, &lines)?;
                    Record::Room(RoomRecord::Follow(follow))
                }
                Line::Act(line) => {
                    counts.acts += 1;
                    let entry = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(entry.room, &lines)?;
                    Record::Room(RoomRecord::Act(entry))
                }
                Line::Invite(line) => {
                    counts.invites += 1;
                    let invite = line.record().map_err(|error| lines.malformed(error))?;
                    self.check_room(invite.room, &lines)?;
                    Record::Room(RoomRecord::Invite(invite))
                }
            };
            self.hand_in(lines.line, lines.buffer.len(), record).await?;
            if lines.line.is_multiple_of(TOLD_AFTER) {
                progress(counts);
            }
        }
        Err(TransferError::Cut { line: lines.line })
    }

    fn begin_room(&mut self, room: &Room, line: u64) {
        self.end_room();
        let counts = RoomCounts { seq: room.seq, countable: room.countable, members: 0 };
        self.room = Some(Expected { room: room.id, line, counts });
    }

    /// It is looked at when its records are committed.
    fn end_room(&mut self) {
        self.waiting.extend(self.room.take().map(Waiting::Room));
    }

    /// The room whose rows are being read, to which a row must belong.
    fn check_room<R: AsyncBufRead + Unpin + Send>(
        &mut self,
        room: RoomId,
        lines: &Lines<'_, R>,
    ) -> Result<&mut Expected> {
        let current = self.room.as_mut().filter(|current| current.room == room);
        current.ok_or_else(|| lines.misplaced("does not stand behind its room"))
    }

    /// Hands a record in, waiting until few enough others do.
    async fn hand_in(&mut self, line: u64, bytes: usize, record: Record) -> Result<()> {
        let told = self.admin.import_record(record).await?;
        self.waiting.push_back(Waiting::Record { line, bytes, told });
        self.bytes += bytes;
        self.wait(WAITING).await
    }

    /// Waits until at most so many are handed in and not committed.
    async fn wait(&mut self, most: usize) -> Result<()> {
        while self.waiting.len() > most || self.bytes > WAITING_BYTES {
            match self.waiting.pop_front() {
                None => return Ok(()),
                Some(Waiting::Record { line, bytes, told }) => {
                    self.bytes -= bytes;
                    let done = told.await.map_err(Error::unavailable)?;
                    done.map_err(|source| TransferError::Refused { line, source })?;
                }
                Some(Waiting::Room(expected)) => self.check(expected).await?,
            }
        }
        Ok(())
    }

    /// That a room has become what was exported. One that has gone on here since is no fault.
    async fn check(&self, Expected { room, line, counts: expected }: Expected) -> Result<()> {
        let there = match self.admin.store().records(RecordPage::Room(room), 1).await?.pop() {
            Some(Record::Room(RoomRecord::Room(room))) => {
                RoomCounts { seq: room.seq, countable: room.countable, members: u64::from(room.members) }
            }
            _ => RoomCounts::default(),
        };
        if there == expected || there.seq > expected.seq {
            return Ok(());
        }
        Err(TransferError::Incomplete { room, line, expected, there })
    }
}
