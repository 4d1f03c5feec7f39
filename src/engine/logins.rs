//! Logging out: what was issued before holds no more.

use super::{Actor, ChatEngine};
use crate::auth::Identity;
use crate::error::{ErrorKind, Result};
use crate::store::Batch;

impl Actor {
    /// Logs the user out everywhere: tokens issued until now hold no more, and all connections of the user
    /// end. When it returns, none of them is handed anything that is committed later, and no token from
    /// before opens another one, also after a restart. Who logs in again gets a new token.
    ///
    /// What counts is when the token was [issued](Identity::issued). Most JSON Web Tokens name whole seconds:
    /// one that is issued within the second of the logout counts as older.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn log_out(&self) -> Result<()> {
        self.engine.check_running()?;
        self.engine.inner.limits.change(&self.user)?;
        let logouts = vec![(self.user.clone(), self.engine.now())];
        self.engine.inner.committer.commit_beside(Batch { logouts, ..Batch::default() }).await?;
        self.engine.admin().disconnect(&self.user);
        self.engine.level_others().await;
        Ok(())
    }
}

impl ChatEngine {
    /// Refuses what was issued before the user's last logout. Whoever opens a connection asks once more when
    /// the connection is known to the hub: a logout since then has ended it.
    pub(super) async fn check_logged_in(&self, identity: &Identity) -> Result<()> {
        match self.store().logouts(std::slice::from_ref(&identity.user)).await?.pop() {
            Some((_, at)) if identity.issued.is_none_or(|issued| issued < at) => {
                Err(ErrorKind::Unauthenticated.into())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::event::Format;

    #[tokio::test]
    async fn a_logout_between_the_check_of_a_token_and_its_connection_is_not_overlooked() {
        let engine = ChatEngine::builder().build().await.unwrap();
        let ben = engine.as_user("ben".parse().unwrap());
        let identity = Identity::new(ben.user().clone()).with_issued(Timestamp::from_millis(1));
        engine.check_logged_in(&identity).await.unwrap();
        ben.log_out().await.unwrap();
        let refused = engine.open(&identity, Format::InProcess).await.unwrap_err();
        assert_eq!(refused.kind(), &ErrorKind::Unauthenticated);
        assert_eq!(engine.hub().connections(), 0);
    }
}
