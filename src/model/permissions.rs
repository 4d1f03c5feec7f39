//! What takes which role in a room: a table, and what a room's owner has changed in it.

use std::fmt;
use std::str::FromStr;

use super::{Role, RoomType, Verb};

/// A row of the table.
struct Rule {
    verb: Verb,
    /// Its word on the wire and in stores.
    word: &'static str,
    /// Whether the two of a DIRECT room may, who are equals there whatever their roles.
    in_direct: bool,
    /// The least role that may in a GROUP or CHALLENGE room, unless its owner says otherwise.
    elsewhere: Role,
}

/// The table. A verb that is not in it is nobody's to give: see [`Permissions::least`].
#[rustfmt::skip]
const RULES: [Rule; 10] = [
    Rule { verb: Verb::Send,     word: "send",     in_direct: true,  elsewhere: Role::Member },
    Rule { verb: Verb::React,    word: "react",    in_direct: true,  elsewhere: Role::Member },
    Rule { verb: Verb::Invite,   word: "invite",   in_direct: false, elsewhere: Role::Member },
    Rule { verb: Verb::Rename,   word: "rename",   in_direct: false, elsewhere: Role::Admin },
    Rule { verb: Verb::Remove,   word: "remove",   in_direct: false, elsewhere: Role::Admin },
    Rule { verb: Verb::Moderate, word: "moderate", in_direct: false, elsewhere: Role::Admin },
    Rule { verb: Verb::Pin,      word: "pin",      in_direct: true,  elsewhere: Role::Admin },
    Rule { verb: Verb::SetRole,  word: "setRole",  in_direct: false, elsewhere: Role::Admin },
    Rule { verb: Verb::Close,    word: "close",    in_direct: false, elsewhere: Role::Owner },
    Rule { verb: Verb::MentionAll, word: "mentionAll", in_direct: true, elsewhere: Role::Admin },
];

/// What takes which role in a room.
///
/// | | in a DIRECT room | elsewhere it takes at least |
/// | --- | --- | --- |
/// | [`Send`](Verb::Send), [`Edit`](Verb::Edit) | both | a member |
/// | [`React`](Verb::React) | both | a member |
/// | [`Delete`](Verb::Delete) | both | nothing: a message is one's own |
/// | [`Invite`](Verb::Invite) | nobody | a member |
/// | [`Rename`](Verb::Rename) | nobody | an admin |
/// | [`Remove`](Verb::Remove) | nobody | an admin |
/// | [`Moderate`](Verb::Moderate) | nobody | an admin |
/// | [`Pin`](Verb::Pin) | both | an admin |
/// | [`MentionAll`](Verb::MentionAll) | both | an admin |
/// | [`SetRole`](Verb::SetRole) | nobody | an admin |
/// | [`Close`](Verb::Close), [`Reopen`](Verb::Reopen) | nobody | the owner |
/// | [`SetPermissions`](Verb::SetPermissions), [`SetVisibility`](Verb::SetVisibility), [`SetRetention`](Verb::SetRetention), [`DeleteRoom`](Verb::DeleteRoom) | nobody | the owner |
/// | [`Join`](Verb::Join) | nobody | nothing, in a public room |
///
/// That is `default()`. The owner of a room changes its right column, but for [`Delete`](Verb::Delete) and the
/// last two rows. Besides, nobody takes out or gives another role to whoever has as great a role as themselves,
/// nobody raises anybody above themselves, and only the owner gives the room away. In a room that nobody owns,
/// the host does what takes an owner.
///
/// ```
/// use chat_core::model::{Permissions, Role, RoomType, Verb};
/// let mut permissions = Permissions::default();
/// assert!(permissions.let_do(Role::Member, Verb::Invite, RoomType::Group));
/// assert!(permissions.set(Verb::Invite, Role::Admin));
/// assert!(!permissions.let_do(Role::Member, Verb::Invite, RoomType::Group));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// What was changed, by the table's rows.
    changed: [Option<Role>; RULES.len()],
}

impl Permissions {
    /// Whether this role may do it in a room of this type.
    pub fn let_do(&self, role: Role, verb: Verb, room: RoomType) -> bool {
        match room {
            RoomType::Direct => {
                let verb = Self::row_of(verb);
                matches!(verb, Verb::Create | Verb::Delete)
                    || RULES.iter().any(|rule| rule.verb == verb && rule.in_direct)
            }
            RoomType::Group | RoomType::Challenge => role >= self.least(verb),
        }
    }

    /// The verb whose row counts for this one.
    fn row_of(verb: Verb) -> Verb {
        match verb {
            Verb::Reopen => Verb::Close,
            Verb::Edit => Verb::Send,
            other => other,
        }
    }

    /// The least role that may do it in a room that is not DIRECT.
    pub fn least(&self, verb: Verb) -> Role {
        let verb = Self::row_of(verb);
        match (verb, RULES.iter().position(|rule| rule.verb == verb)) {
            (_, Some(row)) => self.changed[row].unwrap_or(RULES[row].elsewhere),
            (Verb::Create | Verb::Join | Verb::Delete, None) => Role::ReadOnly,
            (_, None) => Role::Owner,
        }
    }

    /// Lets this role and all greater ones do it, and no lesser one. `false`: it is not to be given, and nothing
    /// has changed. [`Edit`](Verb::Edit) and [`Reopen`](Verb::Reopen) go with [`Send`](Verb::Send) and
    /// [`Close`](Verb::Close), and are not given by themselves.
    #[must_use]
    pub fn set(&mut self, verb: Verb, least: Role) -> bool {
        let row = RULES.iter().position(|rule| rule.verb == verb);
        if let Some(row) = row {
            self.changed[row] = (RULES[row].elsewhere != least).then_some(least);
        }
        row.is_some()
    }

    /// Each verb that can be given by its word, with the least role that may do it.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Role)> {
        let changed = self.changed;
        RULES.iter().zip(changed).map(|(rule, changed)| (rule.word, changed.unwrap_or(rule.elsewhere)))
    }

    /// The verb of this word, where it can be given.
    pub fn verb(word: &str) -> Option<Verb> {
        RULES.iter().find(|rule| rule.word == word).map(|rule| rule.verb)
    }

    /// The word of a verb on the wire and in stores, where it can be given: `setRole`, say.
    pub fn word(verb: Verb) -> Option<&'static str> {
        RULES.iter().find(|rule| rule.verb == verb).map(|rule| rule.word)
    }

    /// Whether nothing was changed.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What was changed, as a store keeps it: `invite=admin,send=owner`, and nothing where nothing was.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = RULES.iter().zip(self.changed).filter_map(|(rule, role)| Some((rule.word, role?)));
        for (index, (word, role)) in changed.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let role = match role {
                Role::ReadOnly => "readOnly",
                Role::Member => "member",
                Role::Admin => "admin",
                Role::Owner => "owner",
            };
            write!(f, "{comma}{word}={role}")?;
        }
        Ok(())
    }
}

/// A text that is no table of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no table of permissions")]
pub struct PermissionsError;

impl FromStr for Permissions {
    type Err = PermissionsError;

    fn from_str(text: &str) -> Result<Self, PermissionsError> {
        let mut permissions = Self::default();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (word, role) = part.split_once('=').ok_or(PermissionsError)?;
            let role = match role {
                "readOnly" => Role::ReadOnly,
                "member" => Role::Member,
                "admin" => Role::Admin,
                "owner" => Role::Owner,
                _ => return Err(PermissionsError),
            };
            let verb = Self::verb(word).ok_or(PermissionsError)?;
            if !permissions.set(verb, role) {
                return Err(PermissionsError);
            }
        }
        Ok(permissions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 4] = [Role::ReadOnly, Role::Member, Role::Admin, Role::Owner];

    #[test]
    fn the_table_by_itself_lets_each_role_do_what_it_says() {
        let may = |verb| ROLES.map(|role| role.may(verb, RoomType::Group));
        for (verb, expected) in [
            (Verb::Create, [true; 4]),
            (Verb::Send, [false, true, true, true]),
            (Verb::Invite, [false, true, true, true]),
            (Verb::Rename, [false, false, true, true]),
            (Verb::Remove, [false, false, true, true]),
            (Verb::Pin, [false, false, true, true]),
            (Verb::MentionAll, [false, false, true, true]),
            (Verb::SetRole, [false, false, true, true]),
            (Verb::Close, [false, false, false, true]),
            (Verb::Reopen, [false, false, false, true]),
            (Verb::SetPermissions, [false, false, false, true]),
            (Verb::SetVisibility, [false, false, false, true]),
            (Verb::SetRetention, [false, false, false, true]),
            (Verb::DeleteRoom, [false, false, false, true]),
        ] {
            assert_eq!(may(verb), expected, "{verb:?}");
            let in_direct = matches!(verb, Verb::Create | Verb::Send | Verb::Pin | Verb::MentionAll);
            assert!(ROLES.iter().all(|role| role.may(verb, RoomType::Direct) == in_direct), "{verb:?}");
        }
    }

    #[test]
    fn every_table_comes_back_from_its_text_and_nothing_else_is_one() {
        for least in ROLES {
            let mut all = Permissions::default();
            for rule in &RULES {
                let mut one = Permissions::default();
                assert!(one.set(rule.verb, least) && all.set(rule.verb, least));
                assert_eq!(one.to_string().parse(), Ok(one));
                assert_eq!(one.least(rule.verb), least);
                assert_eq!(one.is_default(), one.to_string().is_empty());
            }
            assert_eq!(all.to_string().parse(), Ok(all));
        }
        for text in ["send", "send=", "send=ADMIN", "dance=owner", "send=admin,", ",", "create=owner"] {
            assert_eq!(text.parse::<Permissions>(), Err(PermissionsError), "{text}");
        }
        let mut permissions = Permissions::default();
        assert!(!permissions.set(Verb::SetPermissions, Role::Member) && permissions.is_default());
    }
}
