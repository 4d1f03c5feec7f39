//! Who follows a thread, and how far they have read it.

use super::Actor;
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, RoomId};
use crate::model::{
    Cursor, Follow, Limit, Member, MessageView, ThreadCursor, ThreadPage, ThreadState, ThreadView,
};
use crate::store::{Answer, FollowedThread, Op};

impl Actor {
    /// Follows the thread of a message, also one without a reply yet: it is in the actor's [`threads`](Self::threads), with
    /// how many replies are unread, and a reply is a [notice](crate::push) to them though it is meant for the thread
    /// alone. What is there already counts as read. Once more changes nothing.
    ///
    /// Whoever replies in a thread follows it by that, and so does who has sent its root, from the first reply on; replies
    /// of others make nobody follow it again who has [left it off](Self::unfollow_thread). Nobody else is told who follows.
    /// It outlasts the stay in the room. Of more than [`Config::max_followed_threads`](crate::Config::max_followed_threads)
    /// those that were followed first are forgotten.
    ///
    /// The actor's other connections are told by [`EventKind::Thread`](crate::event::EventKind::Thread), and those that
    /// were away once they catch up. A reply by which they follow it is told to all of them, that which sent it too.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound); [`Forbidden`](ErrorKind::Forbidden) for a reply, for a message of
    /// the server's own, or where nobody follows any; [`MessageDeleted`](ErrorKind::MessageDeleted) for one without replies
    /// that was deleted.
    pub async fn follow_thread(&self, room: RoomId, root: MessageId) -> Result<ThreadState> {
        self.set_followed(room, root, true).await
    }

    /// Follows a thread no longer. A reply of the actor's own makes them follow it again.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound); [`Forbidden`](ErrorKind::Forbidden) for a reply, or for a message
    /// of the server's own.
    pub async fn unfollow_thread(&self, room: RoomId, root: MessageId) -> Result<ThreadState> {
        self.set_followed(room, root, false).await
    }

    /// Moves the actor's mark in a thread up to a message, or with `None` to the newest one of the room. It never moves
    /// back, and the room's own [mark](Self::mark_read) stays where it is. Nobody else is told. Who does not follow the
    /// thread has no mark in it, and nothing changes.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound) for a root, or a message, of another room or of none;
    /// [`Forbidden`](ErrorKind::Forbidden) for a root that is a reply, or a message of the server's own.
    pub async fn mark_thread_read(
        &self,
        room: RoomId,
        root: MessageId,
        to: Option<Cursor>,
    ) -> Result<ThreadState> {
        let op = self.read_thread_op(room, root, to).await?;
        let answer = self.commit(room, op).await;
        self.thread_answer(room, root, answer).await
    }

    /// The threads that the actor follows in the rooms in which they take part, closed ones too, below `before`: at most
    /// `limit`, the newest activity first. One whose root they have [hidden](Self::hide) is left out.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn threads(&self, before: Option<ThreadCursor>, limit: Limit) -> Result<ThreadPage> {
        let store = self.engine.store();
        let place = |one: &FollowedThread| ThreadCursor {
            at: one.active_at,
            room: one.follow.room,
            root_seq: one.follow.root_seq,
        };
        let found = store.followed_threads(&self.user, before, limit.count() + 1).await?;
        let (found, next) = limit.page(found, place);
        let above = |one: &FollowedThread| {
            (one.follow.room, one.follow.root_seq, one.follow.read_seq.max(one.joined_seq))
        };
        let counted: Vec<_> = found.iter().map(above).collect();
        let unread = store.unread_replies(&self.user, &counted).await?;
        let mut rooms: Vec<RoomId> = found.iter().map(|one| one.follow.room).collect();
        rooms.sort_unstable();
        rooms.dedup();
        let (mut marks, rooms) = (store.read_marks(&rooms).await?, store.rooms(&rooms).await?);
        let mut threads = Vec::with_capacity(found.len());
        for (FollowedThread { follow, root, active_at, .. }, unread) in found.into_iter().zip(unread) {
            let Some(room) = rooms.iter().find(|room| room.id == follow.room) else { continue };
            let own_reactions = self.reactions_on(&root).await?;
            let marks = &*marks.entry(room.id).or_default();
            let root = MessageView { own_reactions, ..self.message_view(room, root, marks) };
            let state = ThreadState::new(room.id, follow.root, Some(&follow), unread);
            threads.push(ThreadView { root, state, active_at });
        }
        Ok(ThreadPage { threads, next })
    }

    async fn set_followed(&self, room: RoomId, root: MessageId, on: bool) -> Result<ThreadState> {
        let answer = self.commit(room, self.follow_op(root, on)).await;
        self.thread_answer(room, root, answer).await
    }

    pub(super) fn follow_op(&self, message: MessageId, on: bool) -> Op {
        Op::Follow { message, on, most: self.engine.config().max_followed_threads }
    }

    pub(super) async fn read_thread_op(
        &self,
        room: RoomId,
        message: MessageId,
        to: Option<Cursor>,
    ) -> Result<Op> {
        let to = match to {
            None => None,
            Some(Cursor::Seq(seq)) => Some(seq),
            Some(cursor) => {
                self.membership(room).await?;
                Some(self.seq_of(room, cursor).await?)
            }
        };
        Ok(Op::ReadThread { message, to })
    }

    /// Where the actor stands in a thread, from the answer to a change of it.
    pub(super) async fn thread_answer(
        &self,
        room: RoomId,
        root: MessageId,
        answer: Result<Answer>,
    ) -> Result<ThreadState> {
        match answer? {
            Answer::Thread(follow) => {
                let (_, member) = self.membership(room).await?;
                self.thread_state(&member, root, follow.as_deref()).await
            }
            other => Err(ErrorKind::Corrupt(format!("a thread was answered with {other:?}").into()).into()),
        }
    }

    /// Where the actor stands in a thread of a room in which this is their stay.
    pub(super) async fn thread_state(
        &self,
        member: &Member,
        root: MessageId,
        follow: Option<&Follow>,
    ) -> Result<ThreadState> {
        let counted = follow.filter(|follow| follow.following);
        let unread = match counted {
            Some(Follow { root_seq, read_seq, .. }) => {
                let above = (*read_seq).max(member.joined_seq);
                let threads = [(member.room, *root_seq, above)];
                self.engine.store().unread_replies(&self.user, &threads).await?.pop()
            }
            None => None,
        };
        Ok(ThreadState::new(member.room, root, follow, unread.unwrap_or(0)))
    }
}
