//! Mutes and bans as JSON.

use serde::Serialize;

use super::UserJson;
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Ban, BanPage, Profile};

/// Somebody was muted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Mute))]
pub(crate) struct MuteJson<'a> {
    /// The room.
    pub(crate) room_uuid: RoomId,
    /// Who.
    pub(crate) user_uuid: &'a UserId,
    /// Until when; `9999-12-31T23:59:59.999Z`: for good.
    pub(crate) muted_until: Timestamp,
}

/// A ban.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Ban))]
pub(crate) struct BanJson<'a> {
    /// The room.
    room_uuid: RoomId,
    /// Who.
    user_uuid: &'a UserId,
    /// Who has banned them; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    banned_by: Option<&'a UserId>,
    /// When.
    banned_at: Timestamp,
    /// Until when; `9999-12-31T23:59:59.999Z`: for good.
    banned_until: Timestamp,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(required))]
    reason: Option<&'a str>,
}

impl<'a> From<&'a Ban> for BanJson<'a> {
    fn from(ban: &'a Ban) -> Self {
        Self {
            room_uuid: ban.room,
            user_uuid: &ban.user,
            banned_by: ban.by.as_ref(),
            banned_at: ban.at,
            banned_until: ban.until,
            reason: ban.reason.as_deref(),
        }
    }
}

/// A page of bans.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Bans))]
pub(crate) struct BansJson<'a> {
    /// Those that hold, in the order of the users' ids.
    bans: Vec<BannedJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<&'a UserId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Banned))]
struct BannedJson<'a> {
    #[serde(flatten)]
    user: UserJson<'a>,
    /// Who has banned them; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    banned_by: Option<&'a UserId>,
    /// When.
    banned_at: Timestamp,
    /// Until when; `9999-12-31T23:59:59.999Z`: for good.
    banned_until: Timestamp,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(required))]
    reason: Option<&'a str>,
}

impl<'a> From<&'a BanPage> for BansJson<'a> {
    fn from(page: &'a BanPage) -> Self {
        let banned = |(ban, profile): &'a (Ban, Profile)| BannedJson {
            user: profile.into(),
            banned_by: ban.by.as_ref(),
            banned_at: ban.at,
            banned_until: ban.until,
            reason: ban.reason.as_deref(),
        };
        Self { bans: page.bans.iter().map(banned).collect(), next_cursor: page.next.as_ref() }
    }
}
