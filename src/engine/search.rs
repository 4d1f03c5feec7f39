//! Messages looked for by their words.

use std::collections::{BTreeSet, HashMap};

use super::Actor;
use crate::error::{ErrorKind, Result};
use crate::id::RoomId;
use crate::model::{Hit, Hits, Message, MessageView, Room, SearchQuery, Words};
use crate::store::Search;

impl Actor {
    /// Looks for messages by their words in all rooms of the actor, or in one: TEXTs and captions as they are now,
    /// newest first, but for those that the actor has [hidden](Self::hide). Each of the words must be in a message, anywhere and also within a longer one; so must what stands
    /// between quotation marks, as one phrase. How they are capitalized, and how Unicode writes them, does not
    /// matter; accents do.
    ///
    /// What was sent through this engine before is found at once where the index is not far behind; otherwise
    /// soon. A page may hold fewer messages than its limit, and none, and yet others may follow: a store looks at no
    /// more rows for one than it can answer for, some 2,000 or 10,000.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) with the field `q` for what [`Words::parse`] refuses;
    /// [`NotAParticipant`](ErrorKind::NotAParticipant) for another's room; [`NotFound`](ErrorKind::NotFound) without
    /// [`Config::search`](crate::Config::search); [`RateLimited`](ErrorKind::RateLimited) beyond
    /// [`RateLimits::searches`](crate::config::RateLimits::searches).
    pub async fn search(&self, query: SearchQuery) -> Result<Hits> {
        let config = self.engine.config();
        if !config.search {
            return Err(ErrorKind::NotFound.into());
        }
        let words = Words::parse(&query.text, config.max_search_chars)?;
        self.engine.inner.limits.search(&self.user)?;
        if let Some(room) = query.room {
            self.membership(room).await?;
        }
        if let Err(error) = self.engine.inner.catch_up_index().await {
            // What is in the index can be found all the same.
            tracing::warn!(error = &error as &dyn std::error::Error, "a search takes in nothing");
        }
        let SearchQuery { text: _, room, sender, after, before, has_attachment, cursor, limit } = query;
        let (user, limit) = (self.user.clone(), limit.count());
        let search = Search { user, words, room, sender, after, before, has_attachment, cursor, limit };
        let words = search.words.clone();
        let found = self.engine.store().search(search).await?;
        let views = self.views_across(found.messages).await?;
        let hit = |view: MessageView| {
            let snippet = words.snippet(view.message.body.content().unwrap_or_default());
            Hit { view, snippet }
        };
        Ok(Hits { hits: views.into_iter().map(hit).collect(), next: found.next })
    }

    /// Messages of several rooms as the actor sees them, in their order.
    async fn views_across(&self, messages: Vec<Message>) -> Result<Vec<MessageView>> {
        let ids = BTreeSet::from_iter(messages.iter().map(|message| message.room));
        let ids: Vec<RoomId> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rooms = self.engine.store().rooms(&ids).await?;
        let rooms: HashMap<RoomId, Room> = rooms.into_iter().map(|room| (room.id, room)).collect();
        let marks = self.engine.store().read_marks(&ids).await?;
        let mut views = Vec::with_capacity(messages.len());
        for message in messages {
            let Some(room) = rooms.get(&message.room) else { continue };
            let own = self.own_reactions(room.id, std::slice::from_ref(&message)).await?;
            let own_reactions = own.into_values().flatten().collect();
            let marks = marks.get(&room.id).map(Vec::as_slice).unwrap_or_default();
            views.push(MessageView { own_reactions, ..self.message_view(room, message, marks) });
        }
        Ok(views)
    }
}
