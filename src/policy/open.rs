//! Everybody may chat with everybody.

use async_trait::async_trait;

use super::{Policy, Question};
use crate::error::Result;
use crate::model::Verb;

/// Everybody may chat with everybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open;

#[async_trait]
impl Policy for Open {
    fn asks_about(&self, _verb: Verb) -> bool {
        false
    }

    async fn check(&self, _question: Question<'_>) -> Result<()> {
        Ok(())
    }
}
