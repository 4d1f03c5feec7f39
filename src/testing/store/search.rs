//! Cases about the search for words.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{Dice, PAGES, assert_distinct, sent, text, user};
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId};
use crate::model::{Body, Message, Revision, Words};
use crate::store::{Amend, Op, RoomItem, Search};

fn search(who: &str, q: &str) -> Search {
    Search {
        user: user(who),
        words: Words::parse(q, 1000).expect("the case looks for good words"),
        room: None,
        sender: None,
        after: None,
        before: None,
        has_attachment: None,
        cursor: None,
        limit: 100,
    }
}

impl Fixture {
    /// Until nothing waits any more.
    pub(super) async fn index(&self, limit: u32) {
        for _ in 0..100_000 {
            if !self.store().index(limit).await.expect("the store takes in") {
                return;
            }
        }
        panic!("the index has no end");
    }

    /// All that is found, in pages.
    async fn all(&self, search: &Search) -> Vec<Message> {
        let (mut all, mut search) = (Vec::new(), search.clone());
        for _ in 0..PAGES {
            let page = self.store().search(search.clone()).await.expect("the store reads");
            assert!(page.messages.len() <= search.limit as usize);
            all.extend(page.messages);
            let Some(next) = page.next else { return all };
            assert!(
                search.cursor.is_none_or(|cursor| next < cursor),
                "a page begins below the one before it"
            );
            search.cursor = Some(next);
        }
        panic!("the pages have no end");
    }

    async fn words(&self, search: &Search) -> Vec<String> {
        let all = self.all(search).await;
        all.iter().map(|message| message.body.content().unwrap_or_default().to_owned()).collect()
    }

    /// What somebody finds, with all in the index.
    pub(super) async fn find(&self, who: &str, q: &str) -> Vec<String> {
        self.index(100).await;
        self.words(&search(who, q)).await
    }

    fn by_sender_item(&self, message: &Message, change: Amend) -> RoomItem {
        let by = message.sender.user.to_string();
        self.item(message.room, Some(&by), Op::Amend { message: message.id, change })
    }

    async fn say(&self, room: RoomId, words: &[&str]) {
        self.done(words.iter().map(|words| self.send_item(room, "ana", words)).collect()).await;
    }
}

pub async fn words_are_found_wherever_they_stand(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let said = [
        "내일 회의실에서 봐요",
        "Hello, World",
        "party 🎉🎉",
        "it's C++ \\ 100%",
        "東京タワー",
        "naïve CAFÉ",
        "a b c",
    ];
    chat.say(room, &said).await;
    for (q, expected) in [
        ("회의", said[0]),
        ("의실", said[0]),
        ("봐요", said[0]),
        ("회의 내일", said[0]),
        ("봐", said[0]),
        ("요", said[0]),
        ("hello", said[1]),
        ("ELL", said[1]),
        ("lo", said[1]),
        ("o,", said[1]),
        ("\"hello, world\"", said[1]),
        ("World hell", said[1]),
        ("🎉", said[2]),
        ("it's", said[3]),
        ("c++", said[3]),
        ("\\ 00%", said[3]),
        ("京タ", said[4]),
        ("東", said[4]),
        ("cafe\u{301}", said[5]),
        ("ﾀﾜ", said[4]),
    ] {
        assert_eq!(chat.find("ben", q).await, [expected], "{q}");
    }
    for q in ["회실", "\"world hello\"", "hellp", "cafe", "🎈", "의회"] {
        assert!(chat.find("ben", q).await.is_empty(), "{q}");
    }
}

pub async fn what_was_found_comes_newest_first_and_in_pages(chat: Fixture) {
    let rooms = [chat.group(&["ana", "ben"]).await, chat.direct("ana", "ben").await];
    let other = chat.group(&["ana"]).await;
    let mut said = Vec::new();
    for number in 0..60 {
        let words = format!("{} number {number}", if number % 3 == 0 { "needle" } else { "straw" });
        chat.send(rooms[number % 2], "ana", &words).await;
        chat.send(other, "ana", "needle of somebody else").await;
        if number % 3 == 0 {
            said.insert(0, words);
        }
    }
    chat.index(7).await;
    for limit in [1, 7, 19, 20, 21, 100] {
        assert_eq!(
            chat.words(&Search { limit, ..search("ben", "needle") }).await,
            said,
            "in pages of {limit}"
        );
    }
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.find("ben", "needle").await, said);
}

pub async fn what_is_sent_meanwhile_moves_no_page(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let mut said: Vec<String> = (0..30).map(|number| format!("needle {number}")).collect();
    chat.done(said.iter().map(|words| chat.send_item(room, "ana", words)).collect()).await;
    chat.index(100).await;
    said.reverse();
    let (mut query, mut found) = (Search { limit: 4, ..search("ana", "needle") }, Vec::new());
    for _ in 0..PAGES {
        let page = chat.store().search(query.clone()).await.unwrap();
        found.extend(
            page.messages.iter().map(|message| message.body.content().unwrap_or_default().to_owned()),
        );
        chat.send(room, "ana", "another needle").await;
        chat.index(100).await;
        let Some(next) = page.next else { break };
        query.cursor = Some(next);
    }
    assert_eq!(found, said);
}

pub async fn messages_of_one_moment_are_each_found_once(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    // More than an index has places for in a millisecond.
    for part in 0..9 {
        let item = |number| {
            let item = chat.send_item(room, "ana", &format!("needle {part} {number}"));
            RoomItem { at: Timestamp::from_millis(1_800_000_000_000), ..item }
        };
        chat.done((0..512).map(item).collect()).await;
    }
    chat.index(256).await;
    let all = chat.all(&search("ana", "needle")).await;
    assert_eq!(all.len(), 9 * 512);
    assert_distinct(&all.iter().map(|message| message.seq).collect::<Vec<_>>());
}

pub async fn only_rooms_in_which_somebody_is_are_searched(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let own = chat.group(&["ana"]).await;
    chat.say(room, &["needle in a room"]).await;
    chat.say(own, &["needle of my own"]).await;
    assert_eq!(chat.find("ben", "needle").await, ["needle in a room"]);
    assert_eq!(chat.find("ana", "needle").await.len(), 2);
    assert!(chat.find("cho", "needle").await.is_empty());
    assert!(chat.words(&Search { room: Some(own), ..search("ben", "needle") }).await.is_empty());
    chat.run(chat.leave_item(room, "ben")).await;
    assert!(chat.words(&search("ben", "needle")).await.is_empty(), "at once");
    assert!(chat.words(&Search { room: Some(room), ..search("ben", "needle") }).await.is_empty());
    // Whoever comes sees all that was said before.
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 10)).await;
    assert_eq!(chat.words(&search("cho", "needle")).await, ["needle in a room"]);
    chat.run(chat.close_item(own, Some("ana"))).await;
    assert_eq!(chat.find("ana", "needle").await.len(), 2, "in a closed room too");
}

pub async fn somebody_in_very_many_rooms_searches_all_of_them(chat: Fixture) {
    let items: Vec<RoomItem> =
        (0..300).map(|_| chat.create_item(crate::model::RoomKind::Group, &["ana"])).collect();
    let rooms: Vec<RoomId> = items.iter().map(|item| item.room).collect();
    chat.done(items).await;
    for room in [rooms[0], rooms[150], rooms[299]] {
        chat.say(room, &["needle"]).await;
    }
    let other = chat.group(&["ben"]).await;
    chat.run(chat.send_item(other, "ben", "needle")).await;
    assert_eq!(chat.find("ana", "needle").await.len(), 3);
}

pub async fn a_changed_message_is_found_by_what_it_says_now(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let [first, second] =
        [chat.send(room, "ana", "the first needle").await, chat.send(room, "ana", "the second needle").await];
    chat.index(100).await;
    let edit = Amend::Edit { to: Revision::words(Some("the first thread")), within: None, keep: 0 };
    chat.run(chat.by_sender_item(&first, edit)).await;
    chat.run(chat.by_sender_item(&second, Amend::Delete { within: None })).await;
    assert!(chat.words(&search("ben", "needle")).await.is_empty(), "nobody sees old words, index or not");
    assert_eq!(chat.find("ben", "thread").await, ["the first thread"]);
    assert!(chat.find("ben", "needle").await.is_empty());
    assert_eq!(chat.words(&search("ben", "first")).await, ["the first thread"], "in its old place");
    let back = Amend::Edit { to: Revision::words(Some("a needle again")), within: None, keep: 0 };
    chat.run(chat.by_sender_item(&first, back)).await;
    chat.say(room, &["the last needle"]).await;
    assert_eq!(chat.find("ben", "needle").await, ["the last needle", "a needle again"]);
    // Changed before the index has come to it.
    let third = chat.send(room, "ana", "third needle").await;
    chat.run(chat.by_sender_item(&third, Amend::Delete { within: None })).await;
    assert_eq!(chat.find("ben", "third").await.len(), 0);
}

pub async fn a_search_is_narrowed(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let first = chat.send(room, "ana", "needle one").await;
    let second = chat.send(other, "ben", "needle two").await;
    let picture =
        Body::Image { url: "https://example.org/a.png".into(), caption: Some("needle three".into()) };
    let third = sent(&chat.run(chat.body_item(room, "ben", picture, None)).await);
    chat.index(100).await;
    let all = || search("ana", "needle");
    let (one, two, three) = ("needle one", "needle two", "needle three");
    for (query, expected) in [
        (all(), vec![three, two, one]),
        (Search { room: Some(room), ..all() }, vec![three, one]),
        (Search { sender: Some(user("ben")), ..all() }, vec![three, two]),
        (Search { sender: Some(user("cho")), ..all() }, vec![]),
        (Search { after: Some(first.created_at), ..all() }, vec![three, two]),
        (Search { before: Some(third.created_at), ..all() }, vec![two, one]),
        (Search { after: Some(first.created_at), before: Some(third.created_at), ..all() }, vec![two]),
        (Search { after: Some(third.created_at), before: Some(first.created_at), ..all() }, vec![]),
        (Search { has_attachment: Some(true), ..all() }, vec![three]),
        (Search { has_attachment: Some(false), ..all() }, vec![two, one]),
        (Search { room: Some(other), sender: Some(second.sender.user.clone()), ..all() }, vec![two]),
    ] {
        assert_eq!(chat.words(&query).await, expected, "{query:?}");
    }
}

pub async fn words_of_the_server_are_not_found(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.run(chat.join_item(room, Some("ana"), &["ben"], 10)).await;
    assert!(chat.find("ana", "ben").await.is_empty());
    chat.say(room, &["hello ben"]).await;
    assert_eq!(chat.find("ana", "ben").await, ["hello ben"]);
}

pub async fn a_search_finds_what_a_look_at_each_message_does(chat: Fixture) {
    const LETTERS: [&str; 12] = ["a", "B", "ab", "가", "나", "각", " ", " ", "🎉", "é", "-", "'"];
    let mut dice = Dice(11);
    let mut line = |most: u64| -> String { (0..=dice.roll(most)).map(|_| *dice.pick(&LETTERS)).collect() };
    let rooms = [chat.group(&["ana"]).await, chat.group(&["ana", "ben"]).await];
    let mut items = Vec::new();
    for number in 0..200 {
        let words = line(14);
        if !words.trim().is_empty() {
            items.push(chat.body_item(rooms[number % 2], "ana", text(&words), None));
        }
    }
    chat.done(items).await;
    chat.index(64).await;
    let mut said = Vec::new();
    for room in rooms {
        said.extend(chat.history(room).await);
    }
    said.sort_by_key(|message| std::cmp::Reverse(message.created_at));
    for _ in 0..60 {
        let q = line(4).replace('\'', "\"");
        let Ok(words) = Words::parse(&q, 100) else { continue };
        for who in ["ana", "ben"] {
            let search = Search { words: words.clone(), limit: 9, ..search(who, "any") };
            let is_own = |message: &&Message| who == "ana" || message.room == rooms[1];
            let expected = said.iter().filter(is_own).filter(|message| search.means(message));
            let expected: Vec<MessageId> = expected.map(|message| message.id).collect();
            let found: Vec<MessageId> = chat.all(&search).await.iter().map(|message| message.id).collect();
            assert_eq!(found, expected, "{q:?}");
        }
    }
}

pub async fn a_common_word_and_a_rare_one_are_found_among_many(chat: Fixture) {
    let (own, other) = (chat.group(&["ana"]).await, chat.group(&["ben"]).await);
    chat.say(own, &["the rare needle"]).await;
    let quiet = chat.group(&["cho"]).await;
    chat.done((0..5).map(|_| chat.send_item(quiet, "cho", "common words")).collect()).await;
    for part in 0..12 {
        let item = |number| {
            let (room, who) = if number % 4 == 0 { (own, "ana") } else { (other, "ben") };
            chat.send_item(room, who, &format!("common words {part} {number}"))
        };
        chat.done((0..500).map(item).collect()).await;
    }
    chat.index(500).await;
    assert_eq!(chat.find("ana", "needle").await, ["the rare needle"]);
    let page = chat.store().search(Search { limit: 20, ..search("ana", "common") }).await.unwrap();
    assert_eq!(page.messages.len(), 20);
    assert_eq!(chat.all(&search("ana", "common")).await.len(), 12 * 125);
    assert_eq!(chat.all(&search("ana", "co")).await.len(), 12 * 125);
    // What others say the more often keeps nobody from their own.
    let page = chat.store().search(search("cho", "common")).await.unwrap();
    assert_eq!(page.messages.len(), 5);
}

pub async fn what_is_written_bit_by_bit_is_found_by_all_that_is_there(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let until = Some(Timestamp::from_millis(1_900_000_000_000));
    let mut begin = chat.body_item(room, "ana", Body::Text("".into()), None);
    if let Op::Send { writing_until, .. } = &mut begin.op {
        *writing_until = until;
    }
    let begun = sent(&chat.run(begin).await);
    chat.index(100).await;
    for (content, until) in [("a hay", until), ("a haystack", until), ("a haystack with a needle", None)] {
        chat.run(chat.by_sender_item(&begun, Amend::Write { content: content.into(), until })).await;
        assert_eq!(chat.find("ben", "hay").await, [content]);
    }
    assert_eq!(chat.find("ben", "needle").await, ["a haystack with a needle"]);
}
