//! Takes in the rows of another store.

use tokio::sync::oneshot;

use super::Admin;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::store::{Batch, Item, Record, Store};

impl Admin {
    pub(crate) fn store(&self) -> &dyn Store {
        self.engine.store()
    }

    /// Hands a record in, waiting for room in the queue. Once it is committed it is told what came of it;
    /// nothing, when the engine stops before that. Records of one room are committed in their order.
    pub(crate) async fn import_record(&self, record: Record) -> Result<oneshot::Receiver<Result<()>>> {
        self.engine.check_running()?;
        let (tell, told) = oneshot::channel();
        let committer = &self.engine.inner.committer;
        let item: Item = match record {
            Record::Profile { user, profile, last_seen, logged_out } => {
                let at = |time: Option<Timestamp>| time.map(|at| (user.clone(), at)).into_iter().collect();
                let (last_seen, logouts) = (at(last_seen), at(logged_out));
                let profiles = profile.into_iter().collect();
                let beside = Batch { profiles, last_seen, logouts, ..Batch::default() };
                committer.submit_beside(beside, Some(tell)).await;
                return Ok(told);
            }
            Record::DoNotDisturb(user, quiet) => {
                let beside = Batch { do_not_disturb: vec![(user, Some(quiet))], ..Batch::default() };
                committer.submit_beside(beside, Some(tell)).await;
                return Ok(told);
            }
            Record::Relation(relation) => relation.into(),
            Record::Room(record) => record.into(),
            Record::Settings(user, settings) => (user, settings).into(),
        };
        // Whoever imports may have given up; what is committed stays.
        committer.submit(item, None, |answer| drop(tell.send(answer.map(drop)))).await;
        Ok(told)
    }

    /// Waits for what was handed in, and voids what clients and the engine have read meanwhile.
    pub(crate) async fn end_import(&self) -> Result<()> {
        self.engine.inner.committer.barrier().await;
        self.engine.inner.profiles.forget();
        self.engine.hub().forget_settled();
        self.rotate_epoch().await
    }
}
