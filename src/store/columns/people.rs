//! How people stand to each other, and what they have settled, in columns.

use super::ReadRow;
use crate::model::{DailyHours, DoNotDisturb, LastSeen, Relation, RelationKind, Settings};

pub(in crate::store) fn relation_code(kind: RelationKind) -> i16 {
    match kind {
        RelationKind::Friend => 1,
        RelationKind::RequestSent => 2,
        RelationKind::RequestReceived => 3,
        RelationKind::Blocked => 4,
    }
}

pub(in crate::store) fn relation<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<Relation, R::Error> {
    Ok(Relation {
        user: columns.parsed()?,
        other: columns.parsed()?,
        kind: match columns.code()? {
            1 => RelationKind::Friend,
            2 => RelationKind::RequestSent,
            3 => RelationKind::RequestReceived,
            4 => RelationKind::Blocked,
            _ => return Err(columns.no_sense()),
        },
        since: columns.time()?,
    })
}

/// What [`settings`] reads, of `settings v`.
macro_rules! settings_columns {
    () => {
        "v.last_seen, v.invisible, v.read_receipts, v.changed_at"
    };
}

pub(in crate::store) use settings_columns;

pub(in crate::store) fn last_seen_code(last_seen: LastSeen) -> i16 {
    match last_seen {
        LastSeen::Everyone => 1,
        LastSeen::Friends => 2,
        LastSeen::Nobody => 3,
    }
}

pub(in crate::store) fn settings<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<Settings, R::Error> {
    Ok(Settings {
        last_seen: match columns.code()? {
            1 => LastSeen::Everyone,
            2 => LastSeen::Friends,
            3 => LastSeen::Nobody,
            _ => return Err(columns.no_sense()),
        },
        invisible: columns.flag()?,
        read_receipts: columns.flag()?,
        changed_at: columns.time()?,
    })
}

/// Reads when somebody wants no notices.
pub(in crate::store) fn do_not_disturb<'r, R: ReadRow<'r>>(
    columns: &mut R,
) -> Result<DoNotDisturb, R::Error> {
    let until = columns.maybe_time()?;
    let daily = match (columns.maybe_integer()?, columns.maybe_integer()?, columns.maybe_integer()?) {
        (None, None, None) => None,
        (Some(from), Some(to), Some(offset)) => {
            let (from, to, offset) = (from.try_into().ok(), to.try_into().ok(), offset.try_into().ok());
            let hours = from.zip(to).zip(offset);
            let hours = hours.and_then(|((from, to), offset)| DailyHours::new(from, to, offset));
            Some(hours.ok_or_else(|| columns.no_sense())?)
        }
        _ => return Err(columns.no_sense()),
    };
    Ok(DoNotDisturb { until, daily })
}
