//! What a message refers to.

use std::sync::Arc;

use super::{Body, Mentions, Message, Profile};
use crate::clock::Timestamp;
use crate::id::MessageId;

/// What a message refers to, besides what it says itself; nothing any more once it is deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// The message that it answers, as that one was when this one was read: an edit shows, and so does a deletion.
    pub quoted: Option<Arc<Quoted>>,
    /// Who sent it first, where it was [passed on](crate::Actor::forward): with their profile of now, as a sender.
    pub forwarded: Option<Arc<Profile>>,
    /// Whom it mentions, if anybody. An edit leaves them as they were.
    pub mentions: Option<Arc<Mentions>>,
}

/// A message of the same room that another one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Its id.
    pub id: MessageId,
    /// Its number in the room, below that of the message that answers it.
    pub seq: u64,
    /// Who sent it.
    pub sender: Profile,
    /// What it says: of a text that is longer, the first
    /// [`Config::max_quoted_chars`](crate::Config::max_quoted_chars) characters where a client is told of it, and
    /// all of it in a store, in [`Amended`](crate::event::Amended), and for the host that is told of each message.
    pub body: Body,
    /// When what it says last changed.
    pub edited_at: Option<Timestamp>,
    /// The position that last changed it; 0 where nothing has. Of two states of it, the one with the greater
    /// position is the later one.
    pub changed_pos: u64,
}

impl From<&Message> for Quoted {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id,
            seq: message.seq,
            sender: message.sender.clone(),
            body: message.body.clone(),
            edited_at: message.state.edited_at,
            changed_pos: message.state.changed_pos,
        }
    }
}

impl Quoted {
    /// With so many characters of its text at most; `None` where it has no more.
    fn cut(&self, chars: usize) -> Option<Self> {
        // A text of so many bytes has no more characters.
        let text = self.body.content().filter(|text| text.len() > chars)?;
        let (end, _) = text.char_indices().nth(chars)?;
        let cut: Arc<str> = text[..end].into();
        let body = match &self.body {
            Body::Image { url, .. } => Body::Image { url: url.clone(), caption: Some(cut) },
            _ => Body::Text(cut),
        };
        Some(Self { body, ..self.clone() })
    }
}

impl References {
    /// With so many characters of what is quoted at most; `None` where there are no more.
    fn cut(&self, chars: usize) -> Option<Self> {
        let quoted = self.quoted.as_ref()?.cut(chars)?;
        Some(Self { quoted: Some(Arc::new(quoted)), ..self.clone() })
    }
}

impl Message {
    /// As clients are told of it: with so many characters of what it quotes at most.
    pub(crate) fn quoting(self: Arc<Self>, chars: usize) -> Arc<Self> {
        match self.references.cut(chars) {
            Some(references) => Arc::new(Self { references, ..Self::clone(&self) }),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(body: Body) -> Quoted {
        let sender = Profile::unknown("ana".parse().unwrap());
        Quoted { id: MessageId::generate(), seq: 1, sender, body, edited_at: None, changed_pos: 0 }
    }

    #[test]
    fn a_quote_is_cut_between_characters_and_stays_what_it_is() {
        let text = |text: &str| Body::Text(text.into());
        let image = |caption: Option<&str>| Body::Image {
            url: "https://a/long/address".into(),
            caption: caption.map(Into::into),
        };
        for (whole, chars, cut) in [
            (text("hello"), 4, Some(text("hell"))),
            (text("hello"), 5, None),
            (text("안녕하세요"), 2, Some(text("안녕"))),
            (text("안녕하세요"), 5, None),
            (text("🏃🏃"), 0, Some(text(""))),
            (image(Some("the route")), 3, Some(image(Some("the")))),
            (image(None), 3, None),
            (Body::Deleted(super::super::MessageType::Text), 0, None),
        ] {
            let whole = quoted(whole);
            assert_eq!(whole.cut(chars).map(|cut| cut.body), cut, "{:?} to {chars}", whole.body);
        }
    }
}
