//! The routes: one table, of which the router is built and which the documents describe.

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::problem::Problem;
use super::{
    Mounted, RestOptions, attachments, auth, feed, friends, held, invites, joins, messages, moderation,
    notify, personal, reports, rooms, search, settings, streams, threads,
};
use crate::error::{Error, ErrorKind};
use crate::names::names;

/// Each operation: its name, its method and path (and the other one that clients in the field use), its handler.
macro_rules! operations {
    ($($name:ident = $id:literal: $method:ident $path:literal $(or $alias:literal)? => $handler:path;)+) => {
        names! {
            /// What can be asked of the REST routes.
            pub(in crate::transport) enum Operation {
                $($name = $id),+
            }
        }

        #[allow(dead_code, reason = "the documents ask for more than the router")]
        impl Operation {
            pub(in crate::transport) fn method(self) -> Method {
                match self {
                    $(Self::$name => Method::$method),+
                }
            }

            /// Where it answers, the path to recommend first.
            pub(in crate::transport) fn paths(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$path $(, $alias)?]),+
                }
            }

            fn filter(self) -> MethodFilter {
                match self {
                    $(Self::$name => MethodFilter::$method),+
                }
            }

            fn handler(self) -> MethodRouter<Mounted> {
                match self {
                    $(Self::$name => on(self.filter(), $handler)),+
                }
            }
        }
    };
}

operations! {
    ListRooms = "listRooms": GET "/chat/rooms" => rooms::list;
    CreateRoom = "createRoom": POST "/chat/rooms" or "/chat/room" => rooms::create;
    ListPublicRooms = "listPublicRooms": GET "/chat/rooms/public" => rooms::list_public;
    JoinRoom = "joinRoom": POST "/chat/rooms/{roomUuid}/join" or "/chat/room/{roomUuid}/join" => rooms::join;
    GetRoom = "getRoom": GET "/chat/rooms/{roomUuid}" or "/chat/room/{roomUuid}" => rooms::get;
    RenameRoom = "renameRoom": PATCH "/chat/rooms/{roomUuid}" or "/chat/room/{roomUuid}" => rooms::update;
    LeaveRoom = "leaveRoom": DELETE "/chat/rooms/{roomUuid}/leave" or "/chat/room/{roomUuid}/leave" => rooms::leave;
    CloseRoom = "closeRoom": POST "/chat/rooms/{roomUuid}/close" or "/chat/room/{roomUuid}/close" => rooms::close;
    ReopenRoom = "reopenRoom": POST "/chat/rooms/{roomUuid}/reopen" or "/chat/room/{roomUuid}/reopen" => rooms::reopen;
    DeleteRoom = "deleteRoom": DELETE "/chat/rooms/{roomUuid}" or "/chat/room/{roomUuid}" => rooms::delete;
    ListParticipants = "listParticipants": GET "/chat/rooms/{roomUuid}/participants"
        or "/chat/room/{roomUuid}/participants" => rooms::participants;
    Invite = "invite": POST "/chat/rooms/{roomUuid}/participants"
        or "/chat/room/{roomUuid}/participants" => rooms::invite;
    RemoveParticipant = "removeParticipant": DELETE "/chat/rooms/{roomUuid}/participants/{userUuid}"
        or "/chat/room/{roomUuid}/participants/{userUuid}" => rooms::remove;
    SetRole = "setRole": PATCH "/chat/rooms/{roomUuid}/participants/{userUuid}"
        or "/chat/room/{roomUuid}/participants/{userUuid}" => rooms::set_role;
    Mute = "mute": PUT "/chat/rooms/{roomUuid}/participants/{userUuid}/mute" => moderation::mute;
    Unmute = "unmute": DELETE "/chat/rooms/{roomUuid}/participants/{userUuid}/mute" => moderation::unmute;
    ListBans = "listBans": GET "/chat/rooms/{roomUuid}/bans" => moderation::bans;
    Ban = "ban": PUT "/chat/rooms/{roomUuid}/bans/{userUuid}" => moderation::ban;
    Unban = "unban": DELETE "/chat/rooms/{roomUuid}/bans/{userUuid}" => moderation::unban;
    ListAudit = "listAudit": GET "/chat/rooms/{roomUuid}/audit" => moderation::audit;
    GetFeed = "getFeed": GET "/chat/feed" => feed::feed;
    SetNotifications = "setNotifications": PATCH "/chat/rooms/{roomUuid}/notifications" => notify::set_level;
    GetDoNotDisturb = "getDoNotDisturb": GET "/chat/users/me/do-not-disturb" => notify::quiet;
    SetDoNotDisturb = "setDoNotDisturb": PUT "/chat/users/me/do-not-disturb" => notify::begin_quiet;
    EndDoNotDisturb = "endDoNotDisturb": DELETE "/chat/users/me/do-not-disturb" => notify::end_quiet;
    CreateInvite = "createInvite": POST "/chat/rooms/{roomUuid}/invites" => invites::create;
    ListInvites = "listInvites": GET "/chat/rooms/{roomUuid}/invites" => invites::list;
    RevokeInvite = "revokeInvite": DELETE "/chat/rooms/{roomUuid}/invites/{code}" => invites::revoke;
    ListInvitations = "listInvitations": GET "/chat/invites" => invites::invitations;
    GetInvite = "getInvite": GET "/chat/invites/{code}" => invites::preview;
    AcceptInvite = "acceptInvite": POST "/chat/invites/{code}/accept" => invites::accept;
    DeclineInvite = "declineInvite": POST "/chat/invites/{code}/decline" => invites::decline;
    SendMessage = "sendMessage": POST "/chat/rooms/{roomUuid}/messages"
        or "/chat/room/{roomUuid}/message" => messages::send;
    ListMessages = "listMessages": GET "/chat/rooms/{roomUuid}/messages"
        or "/chat/room/{roomUuid}/messages" => messages::history;
    GetMessage = "getMessage": GET "/chat/rooms/{roomUuid}/messages/{messageUuid}" => messages::get;
    EditMessage = "editMessage": PATCH "/chat/rooms/{roomUuid}/messages/{messageUuid}" => messages::edit;
    DeleteMessage = "deleteMessage": DELETE "/chat/rooms/{roomUuid}/messages/{messageUuid}" => messages::delete;
    StartStream = "startStream": POST "/chat/rooms/{roomUuid}/streams" => streams::start;
    AppendStream = "appendStream": POST "/chat/rooms/{roomUuid}/streams/{messageUuid}/append" => streams::append;
    StopStream = "stopStream": POST "/chat/rooms/{roomUuid}/streams/{messageUuid}/stop" => streams::stop;
    ListReactions = "listReactions": GET "/chat/rooms/{roomUuid}/messages/{messageUuid}/reactions"
        => messages::reactions;
    ListEdits = "listEdits": GET "/chat/rooms/{roomUuid}/messages/{messageUuid}/edits" => messages::edits;
    React = "react": PUT "/chat/rooms/{roomUuid}/messages/{messageUuid}/reactions/{reaction}" => messages::react;
    TakeReactionBack = "takeReactionBack": DELETE
        "/chat/rooms/{roomUuid}/messages/{messageUuid}/reactions/{reaction}" => messages::take_reaction_back;
    SearchMessages = "searchMessages": GET "/chat/search" => search::search;
    Forward = "forward": POST "/chat/rooms/{roomUuid}/messages/{messageUuid}/forward" => messages::forward;
    Pin = "pin": PUT "/chat/rooms/{roomUuid}/messages/{messageUuid}/pin" => messages::pin;
    Unpin = "unpin": DELETE "/chat/rooms/{roomUuid}/messages/{messageUuid}/pin" => messages::unpin;
    HideMessage = "hideMessage": PUT "/chat/rooms/{roomUuid}/messages/{messageUuid}/hidden" => messages::hide;
    ListReplies = "listReplies": GET "/chat/rooms/{roomUuid}/messages/{messageUuid}/replies" => messages::replies;
    FollowThread = "followThread": PUT "/chat/rooms/{roomUuid}/messages/{messageUuid}/follow" => threads::follow;
    UnfollowThread = "unfollowThread": DELETE "/chat/rooms/{roomUuid}/messages/{messageUuid}/follow"
        => threads::unfollow;
    MarkThreadRead = "markThreadRead": PATCH "/chat/rooms/{roomUuid}/messages/{messageUuid}/replies/read"
        => threads::read;
    ListThreads = "listThreads": GET "/chat/threads" => threads::list;
    ListPins = "listPins": GET "/chat/rooms/{roomUuid}/pins" => messages::pins;
    Report = "reportMessage": POST "/chat/rooms/{roomUuid}/messages/{messageUuid}/report" => reports::report;
    ListReports = "listReports": GET "/chat/rooms/{roomUuid}/reports" => reports::list;
    ResolveReport = "resolveReport": PATCH "/chat/rooms/{roomUuid}/reports/{reportUuid}" => reports::resolve;
    ListHeld = "listHeld": GET "/chat/rooms/{roomUuid}/held" => held::list;
    ListOwnHeld = "listOwnHeld": GET "/chat/held" => held::own;
    ApproveHeld = "approveHeld": POST "/chat/rooms/{roomUuid}/held/{heldUuid}/approve" => held::approve;
    RejectHeld = "rejectHeld": POST "/chat/rooms/{roomUuid}/held/{heldUuid}/reject" => held::reject;
    WithdrawHeld = "withdrawHeld": DELETE "/chat/rooms/{roomUuid}/held/{heldUuid}" => held::withdraw;
    ListJoinRequests = "listJoinRequests": GET "/chat/rooms/{roomUuid}/join-requests" => joins::list;
    ListOwnJoinRequests = "listOwnJoinRequests": GET "/chat/join-requests" => joins::own;
    ApproveJoin = "approveJoin": POST "/chat/rooms/{roomUuid}/join-requests/{joinRequestUuid}/approve"
        => joins::approve;
    RejectJoin = "rejectJoin": POST "/chat/rooms/{roomUuid}/join-requests/{joinRequestUuid}/reject" => joins::reject;
    WithdrawJoin = "withdrawJoin": DELETE "/chat/rooms/{roomUuid}/join-requests/{joinRequestUuid}" => joins::withdraw;
    MarkRead = "markRead": PATCH "/chat/rooms/{roomUuid}/read" or "/chat/room/{roomUuid}/read" => messages::read;
    UploadAttachment = "uploadAttachment": POST "/chat/rooms/{roomUuid}/attachments" => attachments::upload;
    GetAttachment = "getAttachment": GET "/chat/rooms/{roomUuid}/attachments/{attachmentUuid}"
        => attachments::download;
    GetThumbnail = "getThumbnail": GET "/chat/rooms/{roomUuid}/attachments/{attachmentUuid}/thumbnail"
        => attachments::thumbnail;
    DeleteAttachment = "deleteAttachment": DELETE "/chat/rooms/{roomUuid}/attachments/{attachmentUuid}"
        => attachments::discard;
    LinkAttachment = "linkAttachment": POST "/chat/rooms/{roomUuid}/attachments/{attachmentUuid}/link"
        => attachments::link;
    GetSettings = "getSettings": GET "/chat/users/me/settings" => settings::get;
    UpdateSettings = "updateSettings": PATCH "/chat/users/me/settings" => settings::update;
    ListFriends = "listFriends": GET "/friends" => friends::list;
    RemoveFriend = "removeFriend": DELETE "/friends/{userUuid}" => friends::remove;
    ListRequests = "listFriendRequests": GET "/friends/requests" => friends::requests;
    RequestFriend = "requestFriend": POST "/friends/requests" => friends::request;
    AnswerRequest = "answerFriendRequest": PATCH "/friends/requests/{userUuid}" => friends::answer;
    WithdrawRequest = "withdrawFriendRequest": DELETE "/friends/requests/{userUuid}" => friends::withdraw;
    Block = "block": POST "/friends/{userUuid}/block" => friends::block;
    Unblock = "unblock": DELETE "/friends/{userUuid}/block" => friends::unblock;
    ListBlocks = "listBlocks": GET "/blocks" => friends::blocks;
    DevToken = "devToken": POST "/auth/dev-token" => auth::dev_token;
    ExportMe = "exportMe": GET "/chat/users/me/export" => personal::export;
    LogOut = "logOut": POST "/auth/logout" => auth::log_out;
}

impl Operation {
    fn is_of_friends(self) -> bool {
        self.paths().iter().any(|path| path.starts_with("/friends") || path.starts_with("/blocks"))
    }

    /// Whether it takes or answers something else than JSON, or needs nobody to be known.
    fn is_for_http(self) -> bool {
        matches!(
            self,
            Self::UploadAttachment
                | Self::GetAttachment
                | Self::GetThumbnail
                | Self::ExportMe
                | Self::DevToken
        )
    }

    /// Those that are mounted.
    pub(in crate::transport) fn mounted(options: &RestOptions) -> impl Iterator<Item = Self> + use<> {
        let friends = options.friends;
        Self::ALL.iter().copied().filter(move |operation| friends || !operation.is_of_friends())
    }
}

/// The routes over HTTP.
pub(super) fn routes(options: &RestOptions) -> Router<Mounted> {
    mount(options, Operation::handler)
}

/// The routes for calls: what is for HTTP is refused as that.
pub(super) fn callable(options: &RestOptions) -> Router<Mounted> {
    let refuse = || async { Problem::from(Error::invalid("path", "is for HTTP alone")) };
    mount(options, |operation| match operation.is_for_http() {
        true => on(operation.filter(), refuse),
        false => operation.handler(),
    })
}

fn mount(options: &RestOptions, handler: impl Fn(Operation) -> MethodRouter<Mounted>) -> Router<Mounted> {
    let routes = Operation::mounted(options).flat_map(|one| one.paths().iter().map(move |path| (path, one)));
    let router = routes.fold(Router::new(), |router, (path, one)| router.route(path, handler(one)));
    router
        .fallback(|| async { Problem::from(ErrorKind::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::from(ErrorKind::MethodNotAllowed) })
}
