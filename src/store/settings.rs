//! The rule of what a user lets others see. Pure, like those of rooms.

use super::{Answer, Outcome, Rows, SettingsItem, SettingsOp};

/// Decides a change of a user's settings. It takes no position: it is told live, and read anew by whoever was away.
pub(super) fn settle(item: SettingsItem, rows: &mut Rows) -> Outcome {
    let SettingsItem { user, op } = item;
    let before = rows.settings_of(&user);
    let now = match op {
        SettingsOp::Update(update, at) => before.updated(update, at),
        SettingsOp::Import(settings) if settings.changed_at > before.changed_at => settings,
        SettingsOp::Import(_) => before,
    };
    let is_new = now != before;
    if is_new {
        rows.put_settings(user.clone(), now);
    }
    Outcome { changes: Vec::new(), relation: None, answer: Answer::Settings { user, now, is_new } }
}
