//! The sessions of one mounted transport.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::link::{Link, Sid};

/// Bounded in number.
pub(super) struct Table {
    sessions: Mutex<HashMap<Sid, Arc<Link>>>,
    most: usize,
}

/// A session's place in the table, until it is dropped.
pub(super) struct Listed {
    table: Arc<Table>,
    sid: Sid,
}

impl Table {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { sessions: Mutex::default(), most })
    }

    /// Adds a session. `None`: there are too many.
    pub(super) fn insert(self: &Arc<Self>, link: &Arc<Link>) -> Option<Listed> {
        let mut sessions = self.sessions.lock();
        if sessions.len() >= self.most {
            return None;
        }
        sessions.insert(link.sid.clone(), link.clone());
        Some(Listed { table: self.clone(), sid: link.sid.clone() })
    }

    pub(super) fn find(&self, sid: &str) -> Option<Arc<Link>> {
        self.sessions.lock().get(sid).cloned()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.table.sessions.lock().remove(&self.sid);
    }
}
