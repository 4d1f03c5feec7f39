//! The host's own rules, asked before anything is committed.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::moderation::check_reason;
use super::{Actor, ChatEngine};
use crate::config::{Config, HookFailure};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AttachmentId, JoinRequestId, MessageId, RoomId};
use crate::model::{Body, Custom, Revision, Room, Verb};
use crate::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use crate::store::{Admission, BodyHash, Hold, JoinHold, Refers, Ruling};

/// The host's rules, and how many questions may be on their way.
#[derive(Debug)]
pub(super) struct Asked {
    hooks: Option<Arc<dyn Hooks>>,
    turns: Semaphore,
}

impl Asked {
    pub(super) fn new(hooks: Option<Arc<dyn Hooks>>, config: &Config) -> Self {
        let most = config.hooks_at_once.clamp(1, Semaphore::MAX_PERMITS);
        Self { hooks, turns: Semaphore::new(most) }
    }
}

impl ChatEngine {
    /// The host's rules about this, if it has some.
    pub(super) fn hooks(&self, verb: Verb) -> Option<Arc<dyn Hooks>> {
        self.inner.asked.hooks.clone().filter(|hooks| hooks.asks_about(verb))
    }

    /// The answer to a question, in its turn and in time.
    async fn answer<T>(&self, question: impl Future<Output = Result<T>>) -> Result<T> {
        let in_turn = async {
            let _turn = self.inner.asked.turns.acquire().await.map_err(Error::unavailable)?;
            question.await
        };
        let answer = timeout(self.config().hook_timeout, in_turn).await;
        answer.unwrap_or_else(|elapsed| Err(Error::unavailable(elapsed)))
    }

    /// What becomes of what could not be told.
    fn failed(&self, error: &Error) -> Result<()> {
        tracing::warn!(error = error as &dyn std::error::Error, "a hook of the host's has failed");
        match self.config().hook_failure {
            HookFailure::Refuse | HookFailure::Hold => Err(ErrorKind::Unavailable.into()),
            HookFailure::Allow => Ok(()),
        }
    }

    /// What is to become of what somebody wants to say, within the engine's bounds.
    fn heard(&self, verdict: Result<Verdict>) -> Heard {
        let heard = match verdict {
            Ok(Verdict::Allow) => Ok(Heard::AsSaid),
            Ok(Verdict::Rewrite(words)) => {
                self.check_revision(Revision::words(Some(words))).map(Heard::Instead)
            }
            Ok(Verdict::Recast { words, custom }) => {
                let content = words.map(|words| Some(words.into()));
                self.check_revision(Revision { content, custom: Some(custom) }).map(Heard::Instead)
            }
            Ok(Verdict::Reject(reason)) => Ok(Heard::Refused(ErrorKind::Forbidden(reason).into())),
            Ok(Verdict::Hold(reason)) => check_reason(reason.into_owned()).map(Heard::Held),
            Err(error) => Err(error),
        };
        heard.unwrap_or_else(|error| match self.failed(&error) {
            _ if self.config().hook_failure == HookFailure::Hold => Heard::Held(None),
            Ok(()) => Heard::AsSaid,
            Err(refusal) => Heard::Refused(refusal),
        })
    }

    /// What is to become of somebody who wants to come in.
    fn welcomed(&self, welcome: Result<Welcome>) -> Admission {
        let held = |reason| {
            let (id, most) = (JoinRequestId::generate(), self.config().max_join_requests);
            Admission::Held(Box::new(JoinHold { id, reason, most }))
        };
        let refused = |kind| Admission::Refused(Box::new(kind));
        let admission = match welcome {
            Ok(Welcome::Allow) => Ok(Admission::Allowed),
            Ok(Welcome::Reject(reason)) => Ok(refused(ErrorKind::Forbidden(reason))),
            Ok(Welcome::Hold(reason)) => {
                let reason = reason.map(|reason| check_reason(reason.into_owned())).transpose();
                reason.map(|reason| held(reason.flatten()))
            }
            Err(error) => Err(error),
        };
        admission.unwrap_or_else(|error| match self.failed(&error) {
            _ if self.config().hook_failure == HookFailure::Hold => held(None),
            Ok(()) => Admission::Allowed,
            Err(refusal) => refused(refusal.kind().clone()),
        })
    }
}

/// What is to become of what somebody wants to say.
enum Heard {
    AsSaid,
    Instead(Revision),
    Refused(Error),
    /// For this reason.
    Held(Option<String>),
}

impl Actor {
    /// What the host makes of a message. A refusal is told by the commit: a retry of what was sent before gets that.
    pub(super) async fn rule_on(
        &self,
        room: RoomId,
        (body, custom): (Body, Custom),
        attachments: &[AttachmentId],
        refers: &Refers,
    ) -> Result<(Body, Custom, Ruling)> {
        let Some(hooks) = self.engine.hooks(Verb::Send) else { return Ok((body, custom, Ruling::AsSaid)) };
        let (room, _) = self.membership(room).await?;
        let sending = Sending { actor: &self.user, room: &room, body: &body, attachments, custom: &custom };
        let verdict = self.engine.answer(hooks.before_send(sending)).await;
        match self.engine.heard(verdict) {
            Heard::AsSaid => Ok((body, custom, Ruling::Allowed)),
            Heard::Instead(by) => {
                let said = BodyHash::sent(&body, attachments, refers, &custom);
                let body = match (body, by.content.flatten()) {
                    (body, None) => body,
                    (Body::Image { url, .. }, caption) => Body::Image { url, caption },
                    (_, Some(words)) => Body::Text(words),
                };
                Ok((body, by.custom.unwrap_or(custom), Ruling::Rewritten(said)))
            }
            Heard::Refused(error) => Ok((body, custom, Ruling::Refused(Box::new(error.kind().clone())))),
            Heard::Held(reason) => {
                let config = self.engine.config();
                let (max_held, max_held_per_user) = (config.max_held, config.max_held_per_user);
                let hold = Hold { reason, max_held, max_held_per_user };
                Ok((body, custom, Ruling::Held(Box::new(hold))))
            }
        }
    }

    /// An edit, as the host would have it.
    pub(super) async fn rule_on_edit(
        &self,
        room: RoomId,
        message: MessageId,
        to: Revision,
    ) -> Result<Revision> {
        let Some(hooks) = self.engine.hooks(Verb::Edit) else { return Ok(to) };
        let (room, _) = self.membership(room).await?;
        let content = to.content.as_ref().and_then(Option::as_deref);
        let custom = to.custom.as_ref();
        let editing = Editing { actor: &self.user, room: &room, message, content, custom };
        let verdict = self.engine.answer(hooks.before_edit(editing)).await;
        if let Ok(Verdict::Hold(_)) = verdict {
            return Err(not_held());
        }
        match self.engine.heard(verdict) {
            Heard::AsSaid => Ok(to),
            Heard::Instead(by) => {
                Ok(Revision { content: by.content.or(to.content), custom: by.custom.or(to.custom) })
            }
            Heard::Refused(error) => Err(error),
            Heard::Held(_) => Err(ErrorKind::Unavailable.into()),
        }
    }

    /// Whether the host lets a message that is being written say more. What is told already cannot be said in other
    /// words.
    pub(super) async fn rule_on_more(&self, room: &Room, message: MessageId, text: &str) -> Result<()> {
        let Some(hooks) = self.engine.hooks(Verb::Edit) else { return Ok(()) };
        let so_far = match self.engine.inner.streams.words(message) {
            Some(words) => Some(words),
            None => {
                let stored = self.engine.store().message(room.id, message).await?;
                stored.and_then(|stored| stored.body.content().map(str::to_owned))
            }
        };
        let content = format!("{}{text}", so_far.unwrap_or_default());
        let editing = Editing { actor: &self.user, room, message, content: Some(&content), custom: None };
        match self.engine.answer(hooks.before_edit(editing)).await {
            Ok(Verdict::Allow) => Ok(()),
            Ok(Verdict::Reject(reason)) => Err(ErrorKind::Forbidden(reason).into()),
            Ok(Verdict::Hold(_)) => Err(not_held()),
            Ok(Verdict::Rewrite(_) | Verdict::Recast { .. }) => {
                Err(ErrorKind::Forbidden("this cannot be said".into()).into())
            }
            Err(error) => self.engine.failed(&error),
        }
    }

    /// Whether the host lets the actor in. A refusal is told by the commit: who waits already is told that.
    pub(super) async fn rule_on_join(&self, room: RoomId) -> Result<Admission> {
        let Some(hooks) = self.engine.hooks(Verb::Join) else { return Ok(Admission::Unasked) };
        let room: Room =
            self.engine.store().rooms(&[room]).await?.pop().ok_or(ErrorKind::RoomNotFound(room))?;
        let joining = Joining { actor: &self.user, room: &room };
        let welcome = self.engine.answer(hooks.before_join(joining)).await;
        Ok(self.engine.welcomed(welcome))
    }
}

/// What is there already is not taken away until somebody has looked at it.
fn not_held() -> Error {
    ErrorKind::Forbidden("this cannot be said before somebody has looked at it".into()).into()
}
