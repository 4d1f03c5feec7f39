//! The built-in page.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page's files, which are part of the program: address, media type, text.
const FILES: [(&str, &str, &str); 74] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/style.css", CSS, include_str!("page/style.css")),
    ("/room.css", CSS, include_str!("page/room.css")),
    ("/threads.css", CSS, include_str!("page/threads.css")),
    ("/files.css", CSS, include_str!("page/files.css")),
    ("/moderation.css", CSS, include_str!("page/moderation.css")),
    ("/address.js", SCRIPT, include_str!("page/address.js")),
    ("/admitting.js", SCRIPT, include_str!("page/admitting.js")),
    ("/announcer.js", SCRIPT, include_str!("page/announcer.js")),
    ("/answering.js", SCRIPT, include_str!("page/answering.js")),
    ("/api.js", SCRIPT, include_str!("page/api.js")),
    ("/app.js", SCRIPT, include_str!("page/app.js")),
    ("/arriving.js", SCRIPT, include_str!("page/arriving.js")),
    ("/bubble.js", SCRIPT, include_str!("page/bubble.js")),
    ("/chat-api.js", SCRIPT, include_str!("page/chat-api.js")),
    ("/chat.js", SCRIPT, include_str!("page/chat.js")),
    ("/composer.js", SCRIPT, include_str!("page/composer.js")),
    ("/dialogs.js", SCRIPT, include_str!("page/dialogs.js")),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/editing.js", SCRIPT, include_str!("page/editing.js")),
    ("/errors.js", SCRIPT, include_str!("page/errors.js")),
    ("/exporting.js", SCRIPT, include_str!("page/exporting.js")),
    ("/file-links.js", SCRIPT, include_str!("page/file-links.js")),
    ("/files.js", SCRIPT, include_str!("page/files.js")),
    ("/finding.js", SCRIPT, include_str!("page/finding.js")),
    ("/followed.js", SCRIPT, include_str!("page/followed.js")),
    ("/forwarding.js", SCRIPT, include_str!("page/forwarding.js")),
    ("/friend-list.js", SCRIPT, include_str!("page/friend-list.js")),
    ("/friends.js", SCRIPT, include_str!("page/friends.js")),
    ("/held.js", SCRIPT, include_str!("page/held.js")),
    ("/hiding.js", SCRIPT, include_str!("page/hiding.js")),
    ("/holding.js", SCRIPT, include_str!("page/holding.js")),
    ("/invitations.js", SCRIPT, include_str!("page/invitations.js")),
    ("/inviting.js", SCRIPT, include_str!("page/inviting.js")),
    ("/joining.js", SCRIPT, include_str!("page/joining.js")),
    ("/links.js", SCRIPT, include_str!("page/links.js")),
    ("/loading.js", SCRIPT, include_str!("page/loading.js")),
    ("/mentioning.js", SCRIPT, include_str!("page/mentioning.js")),
    ("/mentions.js", SCRIPT, include_str!("page/mentions.js")),
    ("/message-menu.js", SCRIPT, include_str!("page/message-menu.js")),
    ("/messages.js", SCRIPT, include_str!("page/messages.js")),
    ("/moderating.js", SCRIPT, include_str!("page/moderating.js")),
    ("/moderation.js", SCRIPT, include_str!("page/moderation.js")),
    ("/names.js", SCRIPT, include_str!("page/names.js")),
    ("/new-chat.js", SCRIPT, include_str!("page/new-chat.js")),
    ("/notices.js", SCRIPT, include_str!("page/notices.js")),
    ("/people.js", SCRIPT, include_str!("page/people.js")),
    ("/picker.js", SCRIPT, include_str!("page/picker.js")),
    ("/pins.js", SCRIPT, include_str!("page/pins.js")),
    ("/presence.js", SCRIPT, include_str!("page/presence.js")),
    ("/queue.js", SCRIPT, include_str!("page/queue.js")),
    ("/quote.js", SCRIPT, include_str!("page/quote.js")),
    ("/reactions.js", SCRIPT, include_str!("page/reactions.js")),
    ("/receipts.js", SCRIPT, include_str!("page/receipts.js")),
    ("/reviewing.js", SCRIPT, include_str!("page/reviewing.js")),
    ("/room-list.js", SCRIPT, include_str!("page/room-list.js")),
    ("/room.js", SCRIPT, include_str!("page/room.js")),
    ("/rooms.js", SCRIPT, include_str!("page/rooms.js")),
    ("/search.js", SCRIPT, include_str!("page/search.js")),
    ("/settings.js", SCRIPT, include_str!("page/settings.js")),
    ("/side.js", SCRIPT, include_str!("page/side.js")),
    ("/signal.js", SCRIPT, include_str!("page/signal.js")),
    ("/text-field.js", SCRIPT, include_str!("page/text-field.js")),
    ("/texts.en.js", SCRIPT, include_str!("page/texts.en.js")),
    ("/texts.js", SCRIPT, include_str!("page/texts.js")),
    ("/texts.ko.js", SCRIPT, include_str!("page/texts.ko.js")),
    ("/thread-composer.js", SCRIPT, include_str!("page/thread-composer.js")),
    ("/thread-list.js", SCRIPT, include_str!("page/thread-list.js")),
    ("/thread.js", SCRIPT, include_str!("page/thread.js")),
    ("/threads.js", SCRIPT, include_str!("page/threads.js")),
    ("/timeline.js", SCRIPT, include_str!("page/timeline.js")),
    ("/typing.js", SCRIPT, include_str!("page/typing.js")),
    ("/uploads.js", SCRIPT, include_str!("page/uploads.js")),
    ("/viewer.js", SCRIPT, include_str!("page/viewer.js")),
];

/// The page at `/`.
pub(crate) fn router() -> Router {
    FILES.iter().fold(Router::new(), |router, &(path, media_type, text)| {
        router.route(path, get(move || async move { file(media_type, text) }))
    })
}

/// Nothing but this server's own files runs on the page, whatever people write. Pictures come from
/// wherever a message says, and from this page before they are sent.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data: blob:; \
                      connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn file(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
