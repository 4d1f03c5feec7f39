//! Which connections have something to write.

use tokio::sync::Notify;

use super::lock::Mutex;

/// The slots of connections that went from empty to filled, for one flusher to write.
#[derive(Debug, Default)]
pub(crate) struct DirtyList {
    slots: Mutex<Vec<u32>>,
    filled: Notify,
}

impl DirtyList {
    pub(crate) fn push(&self, slot: u32) {
        self.append(&mut vec![slot]);
    }

    /// Moves all of `slots` over.
    pub(crate) fn append(&self, slots: &mut Vec<u32>) {
        if slots.is_empty() {
            return;
        }
        let mut list = self.slots.lock();
        let was_empty = list.is_empty();
        list.append(slots);
        drop(list);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Waits until there is something.
    pub(crate) async fn filled(&self) {
        loop {
            let notified = self.filled.notified();
            if !self.slots.lock().is_empty() {
                return;
            }
            notified.await;
        }
    }

    /// Takes everything; `list` must be empty.
    pub(crate) fn take(&self, list: &mut Vec<u32>) {
        std::mem::swap(&mut *self.slots.lock(), list);
    }
}
