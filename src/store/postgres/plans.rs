//! Holds fast that each statement finds its rows by an index, with a million messages there.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::{
    PostgresOptions, alerts, amend, attachments, connections, edits, follows, held, hidden, joins, keeping,
    load, mentions, moderation, notify, optimistic, push, read, records, schema, search, settings, write,
};

/// 100,000 rooms of ten messages and one of 10,000 people with 100,000; `u1` is in 5,000 of the small
/// ones and in the big one. The keys of `messages` are built after it is filled, which takes half the time.
const FILL: &str = "
    DO $$ BEGIN
        CREATE TEMP TABLE built AS SELECT indexdef FROM pg_indexes
            WHERE schemaname = 'chat' AND tablename = 'messages' AND indexname <> 'messages_pkey';
        DROP INDEX chat.messages_by_id, chat.messages_by_pos, chat.messages_by_sender,
            chat.messages_by_client_id, chat.messages_by_change,
            chat.messages_pinned, chat.messages_in_thread;
    END $$;
    CREATE FUNCTION pg_temp.room(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
        RETURN ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid;
    INSERT INTO chat.rooms SELECT pg_temp.room(n), 2, NULL, NULL, NULL, 'room', true, n, 10, 10, 2, n,
        n, n, n * 10, 0 FROM generate_series(1, 100000) n;
    INSERT INTO chat.rooms VALUES (pg_temp.room(0), 2, NULL, NULL, NULL, 'big', true, 0, 100000, 100000,
        10000, 0, 1, 1, 2000000, 2000000);
    INSERT INTO chat.members SELECT pg_temp.room(n), 'u' || CASE WHEN m = 0 AND n <= 5000 THEN 1
        ELSE 10000 + n * 2 % 20000 + m END, 2, true, n, 0, n, n, n, n, 0, 0, 0, 0, 5
        FROM generate_series(1, 100000) n, generate_series(0, 1) m;
    INSERT INTO chat.members SELECT pg_temp.room(0), 'u' || n, 2, true, n, 0, n, n, n, n, 0, 0, 0, 0, 10
        FROM generate_series(1, 10000) n;
    INSERT INTO chat.profiles SELECT 'u' || n, 'name ' || n, NULL, n FROM generate_series(1, 30001) n;
    INSERT INTO chat.relations SELECT 'u1', 'u' || n, n % 4 + 1, n FROM generate_series(2, 5000) n;
    INSERT INTO chat.messages SELECT pg_temp.room(n / 10 + 1), n % 10 + 1, pg_temp.room(n),
        'u' || 10000 + (n / 10 + 1) * 2 % 20000 + 1, 1, 'hello', NULL, n::text, '\\x00', n, n, n % 10 + 1, 1
        FROM generate_series(0, 999999) n;
    INSERT INTO chat.messages SELECT pg_temp.room(0), n, pg_temp.room(1000000 + n),
        'u' || CASE WHEN n % 2 = 0 THEN 1 ELSE n % 10000 + 1 END, 1,
        'hello', NULL, n::text, '\\x00', n, 1000000 + n, n, n / 2 FROM generate_series(1, 100000) n;
    UPDATE chat.messages SET changed_pos = 2000000 + seq WHERE room = pg_temp.room(0) AND seq % 10 = 0;
    UPDATE chat.messages SET quoted = seq - 1000, pinned_at = CASE WHEN seq % 10 = 0 THEN seq END
        WHERE room = pg_temp.room(0) AND seq > 40000 AND seq <= 41000;
    INSERT INTO chat.reactions SELECT pg_temp.room(0), seq, 'like', 'u' || n
        FROM generate_series(1, 100) seq, generate_series(1, 1000) n;
    DO $$ DECLARE indexdef text; BEGIN
        FOR indexdef IN SELECT b.indexdef FROM built b LOOP EXECUTE indexdef; END LOOP;
    END $$;";

/// The first words in the first room.
const FIRST: &str = "
    INSERT INTO chat.messages SELECT md5('1')::uuid, n, md5(n::text)::uuid, 'u1', 1, 'hello', NULL,
        n::text, '\\x00', n, n, n, n FROM generate_series(1, 20) n";

/// Rooms in which one message has been sent.
const FEW: &str = "
    INSERT INTO chat.messages SELECT md5(n::text)::uuid, 1, md5(n::text)::uuid, 'u' || n, 1, 'hello', NULL,
        n::text, '\\x00', n, n, 1, 1 FROM generate_series(1, 500) n;
    ANALYZE chat.messages;";

/// A statement, an index that it must use, and whether it may sort.
const STATEMENTS: [(&str, &str, bool); 163] = [
    (read::MEMBERSHIP, "rooms_pkey", false),
    (read::ROOMS, "rooms_pkey", false),
    (read::ROOM_ENTRY, "messages_pkey", true),
    (read::ROOMS_BY_ACTIVITY, "members_by_user", true),
    (keeping::ROOMS, "rooms_keeping", false),
    (keeping::CUT[0], "messages_pkey", false),
    // Both begin with the room.
    (keeping::CUT[1], "reactions_", false),
    // More than one begins with the room.
    (keeping::END[0], "members_", false),
    (keeping::END[1], "invites_by_room", false),
    (keeping::END[2], "bans_pkey", false),
    (keeping::END[3], "reports_", false),
    (keeping::END[4], "join_requests_", false),
    (keeping::CUT[2], "search_places_by_message", false),
    (keeping::CUT[3], "edits_pkey", false),
    (read::PUBLIC_ROOMS, "rooms_public", false),
    (read::INVITE, "invites_pkey", false),
    (read::INVITES, "invites_by_room", false),
    (edits::COUNTS, "edits_pkey", false),
    (records::EDITS, "edits_pkey", false),
    (read::CODES, "invites_pkey", false),
    (records::INVITES, "invites_by_room", false),
    (read::INVITATIONS, "invites_by_user", false),
    (read::MEMBERSHIPS, "members_by_user", true),
    (read::CHANGED_ROOMS, "members_by_user", false),
    (read::STAYS_SINCE, "members_by_user", false),
    (read::MEMBERS, "members_pkey", false),
    (read::READ_MARKS, "members_pkey", false),
    (read::MEMBERS_SINCE, "members_by_change", false),
    (read::MARKS_MOVED, "members_by_mark", false),
    (read::FEW_MARKS_SINCE, "members_by_mark", true),
    (read::MANY_MARKS_SINCE, "members_pkey", false),
    (read::MESSAGES, "messages_pkey", false),
    (read::MESSAGE, "messages_by_id", false),
    (read::MESSAGES_SINCE, "messages_by_pos", false),
    (read::PROFILES, "profiles_pkey", false),
    (notify::QUIET, "do_not_disturb_pkey", false),
    (push::ROOMS, "rooms_pkey", false),
    (push::DUE, "push_retries_due", false),
    (push::END, "push_retries_pkey", false),
    (push::BLOCKS, "relations_pkey", false),
    (alerts::DUE, "push_alerts_due", false),
    (alerts::KEEP, "push_alerts_pkey", true),
    (alerts::END, "push_alerts_pkey", false),
    (alerts::PUT_OFF, "push_alerts_pkey", false),
    (alerts::PUT, "push_alerts", false),
    (alerts::END_OF_USER, "push_alerts_pkey", false),
    (alerts::END_OF_ROOM, "push_alerts_of_room", false),
    (read::LOGOUTS, "profiles_pkey", false),
    (read::ERASURES, "erasures_pkey", false),
    (load::FORGET_PROFILE, "profiles_pkey", false),
    (load::END_ERASURE, "erasures_pkey", false),
    (moderation::END_REPORTS, "reports_pkey", false),
    (settings::SETTINGS, "settings_pkey", false),
    (edits::EDITS, "edits_pkey", false),
    (edits::KEEP, "edits_pkey", false),
    (settings::WRITE, "settings_pkey", false),
    (records::QUIET, "do_not_disturb_pkey", false),
    (moderation::ACTS_AT, "audit_at", false),
    (records::ACTS, "audit_pkey", false),
    (records::SETTINGS, "settings_pkey", false),
    (read::RELATION, "relations_pkey", false),
    (read::RELATIONS, "relations_by_kind", false),
    (read::OUTBOX, "outbox_pkey", false),
    (attachments::ATTACHMENT, "attachments_pkey", false),
    (attachments::STORED_BYTES, "attachments_of", false),
    (attachments::LOAD_STORED_BYTES, "attachments_of", false),
    (attachments::UNSENT, "attachments_unsent", false),
    (attachments::LOAD, "attachments_pkey", false),
    (records::PROFILES, "profiles_pkey", false),
    (records::PROFILE_OF, "profiles_pkey", false),
    (records::MESSAGES_BY, "messages_by_sender", false),
    (records::REACTIONS_BY, "reactions_by_user", false),
    (records::BANS_OF, "bans_by_user", false),
    (moderation::REPORTS_BY, "reports_by_maker", false),
    (records::PROFILES_IN, "members_pkey", false),
    (records::RELATIONS, "relations_pkey", false),
    (records::ROOMS, "rooms_pkey", false),
    (records::ROOM, "rooms_pkey", false),
    (records::MESSAGES, "messages_pkey", false),
    (records::MEMBERS, "members_pkey", false),
    (load::PLACES, "messages_by_id", false),
    (load::LOCK_ROOMS, "rooms_pkey", true),
    (optimistic::READ, "rooms_pkey", false),
    (optimistic::READ, "members_pkey", false),
    (optimistic::READ, "messages_by_client_id", false),
    (load::MEMBERS, "members_pkey", false),
    (load::MEMBERS, "messages_by_client_id", false),
    (load::HEIRS, "members_pkey", true),
    (load::SENT, "messages_by_client_id", false),
    (load::KEYS, "room_keys_pkey", false),
    (load::ORDINALS, "messages_by_sender", false),
    (load::RELATIONS, "relations_pkey", false),
    (load::WRITE_PROFILES, "profiles_pkey", false),
    (records::REACTIONS, "reactions_pkey", false),
    (amend::AMENDED_SINCE, "messages_by_change", false),
    (amend::REACTIONS, "reactions_pkey", false),
    (amend::REACTIONS_OF, "reactions_by_user", false),
    (amend::MESSAGES, "messages_by_id", false),
    (amend::PINNED, "messages_pinned", false),
    (amend::REPLIES, "messages_in_thread", false),
    (amend::PINS, "messages_pinned", false),
    // Both indexes of it have all four columns.
    (amend::REACTIONS_LEFT, "reactions_", false),
    (amend::AMEND, "messages_pkey", false),
    (amend::CLEAR, "reactions_pkey", false),
    (amend::TAKE, "reactions_", false),
    (mentions::END, "mentions_pkey", false),
    (moderation::AUDIT, "audit_pkey", false),
    (moderation::REPORTS, "reports_waiting", false),
    (moderation::REPORTS_IN, "reports_waiting_in", false),
    (moderation::LOAD_REPORTED, "reports_made", false),
    (moderation::LOAD_REPORTS, "reports_pkey", false),
    (held::HELD, "held_pkey", false),
    (held::ALL, "held_pkey", false),
    (held::IN_ROOM, "held_in_room", false),
    (held::BY_SENDER, "held_by_sender", false),
    (held::PLACES, "held_pkey", false),
    (held::HELD_AS, "held_as", false),
    // Two of its indexes begin with the room.
    (held::COUNTS, "held_", false),
    (held::END, "held_pkey", false),
    (joins::REQUEST, "join_requests_pkey", false),
    (joins::ALL, "join_requests_pkey", false),
    (joins::IN_ROOM, "join_requests_in_room", false),
    (joins::BY_USER, "join_requests_by_user", false),
    // Two of its indexes begin with the user or the room, and the third has both.
    (joins::LOAD, "join_requests_", false),
    (joins::PLACES, "join_requests_pkey", false),
    (joins::COUNTS, "join_requests_", false),
    (joins::END, "join_requests_", false),
    // Both have the room and the user.
    (moderation::LOAD, "bans_", false),
    (moderation::BAN, "bans_", false),
    (moderation::BANS, "bans_pkey", false),
    (hidden::HIDDEN, "hidden_pkey", false),
    (hidden::HIDDEN_SINCE, "hidden_pkey", true),
    (hidden::ALL_HIDDEN_SINCE, "hidden_by_pos", false),
    (hidden::LOAD, "hidden_pkey", false),
    (hidden::UNHIDE, "hidden_pkey", false),
    // Two of its indexes have all three columns.
    (follows::FOLLOW, "follows_", false),
    (follows::FOLLOWS, "follows_by_user", false),
    (follows::FOLLOWS_SINCE, "follows_by_pos", false),
    (follows::FOLLOWERS, "follows_", false),
    (follows::FOLLOWED, "follows_by_user", true),
    (follows::UNREAD, "messages_in_thread", true),
    (follows::LOAD, "follows_", false),
    (follows::KEEP, "follows_by_user", true),
    (records::FOLLOWS, "follows_pkey", false),
    (records::HIDDEN, "hidden_pkey", false),
    (records::BANS, "bans_pkey", false),
    (records::REPORTS, "reports_made", false),
    (write::WRITE, "lanes_pkey", false),
    (write::WRITE, "rooms_pkey", false),
    (write::WRITE, "members_pkey", false),
    (write::WRITE_ROOMS, "rooms_pkey", false),
    (write::WRITE_MEMBERS, "members_pkey", false),
    (write::END_OUTBOX_ROWS, "outbox_pkey", false),
    (search::ROOMS, "rooms_pkey", false),
    (search::PROGRESS, "rooms_pkey", false),
    (search::PLACES, "search_places_by_message", false),
    (search::LAST_PLACES, "search_places_pkey", false),
    (search::END, "search_places_pkey", false),
    (search::WRITE_PROGRESS, "search_rooms_pkey", false),
    (search::WRITE, "search_places_pkey", false),
    (search::OWN_ROOMS, "members_by_user", false),
    (search::WALK_END, "search_places_pkey", false),
    (search::WALK, "search_places_pkey", true),
];

/// A read of the filled database, its parameters, and how many pages it may touch.
const READS: [(&str, &str, u64); 34] = [
    // Each of u1's 5,001 memberships and its room, then the newest 20 with all that is shown of them.
    (read::ROOMS_BY_ACTIVITY, "10, 'u1', 20, 0", 25_000),
    (read::ROOM_ENTRY, "10, BIG, 'u1'", 100),
    (read::MEMBERSHIPS, "'u1', BIG, 100", 600),
    // No room has changed: each is looked at once.
    (read::CHANGED_ROOMS, "'u1', BIG, '{3000000}', 100", 25_000),
    // Each of u1's memberships is looked at once, and none of anybody else's.
    (read::STAYS_SINCE, "'{u1}', '{3000000}'", 500),
    (read::STAYS_SINCE, "'{u2,u3,u4,u5,u6,u7,u8,u9,u10,nobody}', '{0}'", 100),
    (read::LOGOUTS, "'{u2,u3,u4,u5,u6,u7,u8,u9,u10,nobody}'", 50),
    (read::ROOMS, "ARRAY[BIG]", 10),
    (read::MEMBERS, "BIG, 'u5', 50", 250),
    (read::MEMBERS_SINCE, "BIG, 5000, 6000, 50", 250),
    (read::MARKS_MOVED, "BIG, 0, 1000", 100),
    (read::FEW_MARKS_SINCE, "BIG, 9950, '', 100", 50),
    (read::MANY_MARKS_SINCE, "BIG, 0, 'u5', 100", 100),
    // The oldest page of a long history costs what its newest does.
    (read::MESSAGES, "BIG, 1, 50", 250),
    (read::MESSAGES, "BIG, 99951, 100000", 250),
    (read::MESSAGES_SINCE, "BIG, 1050000, 2000000, 50", 250),
    (records::PROFILES, "'u5', 500", 600),
    (records::PROFILES_IN, "BIG, 'u5', 50", 250),
    (records::RELATIONS, "'u1', 'u5', 50", 100),
    (records::ROOMS, "BIG, 50", 100),
    (records::MESSAGES, "BIG, 99900, 50", 250),
    (records::MEMBERS, "BIG, 'u5', 50", 100),
    (records::REACTIONS, "BIG, 5, 'like', 'u5', 50", 300),
    // A tenth of the big room's messages have changed, and all that have reactions bear a thousand.
    (amend::AMENDED_SINCE, "BIG, 2000000, 3000000, 3000000, 50", 250),
    (amend::REACTIONS, "BIG, 5, 'like', 'u5', 50", 250),
    // Each of them answers another one.
    (read::MESSAGES, "BIG, 40001, 40050", 500),
    (amend::PINNED, "BIG, 41000, 41000, 50", 750),
    (amend::PINS, "ARRAY[BIG]", 20),
    // One on each of a hundred messages.
    (amend::REACTIONS_OF, "BIG, 'u5', 1, 100", 150),
    (amend::REACTIONS_LEFT, "ARRAY[BIG], '{5}', '{like}', '{u5}'", 20),
    // All 10,000 people of a room whose owner leaves.
    (load::HEIRS, "ARRAY[BIG], '{4}', ''", 3_000),
    (load::ORDINALS, "ARRAY[BIG], '{u7}', '{70000}'", 50),
    (load::ORDINALS, "ARRAY[BIG], '{u1}', '{70000}'", 50),
    // Half of the messages there are u1's.
    (load::SENT, "ARRAY[BIG], '{u1}', '{70000}'", 50),
];

async fn explain(conn: &mut PgConnection, sql: &str, how: &str, values: &str) -> Vec<String> {
    let big = "'00000000-0000-0000-0000-000000000000'::uuid";
    let values = values.replace("BIG", big);
    let run = format!("DEALLOCATE ALL; PREPARE it AS {sql}; EXPLAIN ({how}) EXECUTE it({values})");
    let steps =
        sqlx::raw_sql(AssertSqlSafe(run)).fetch_all(conn).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    steps.iter().map(|step| step.get(0)).collect()
}

/// That the statement finds its rows by the index.
async fn check(conn: &mut PgConnection, (sql, index, may_sort): (&str, &str, bool)) {
    let parameters = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
    let nothing = vec!["NULL"; parameters].join(", ");
    let plan = explain(conn, sql, "COSTS OFF", &nothing).await;
    let has = |what: &str| plan.iter().any(|step| step.contains(what));
    let is_walk = |step: &String| step.contains("Seq Scan") && !step.contains("Seq Scan on lanes");
    assert!(!plan.iter().any(is_walk), "{sql}\n{plan:#?}");
    let is_upsert = has("Conflict Arbiter Indexes: ");
    assert!(has(&format!("using {index}")) || is_upsert && has(index), "{index}: {sql}\n{plan:#?}");
    assert!(may_sort || !has("Sort"), "{sql}\n{plan:#?}");
}

/// That terms are looked up, and what they lead to is found by its keys.
async fn check_look_up(conn: &mut PgConnection) {
    sqlx::raw_sql("SET enable_bitmapscan = on").execute(&mut *conn).await.unwrap();
    let plan = explain(conn, search::LOOK_UP, "COSTS OFF", "NULL, NULL, NULL, NULL, NULL, NULL").await;
    let has = |what: &str| plan.iter().any(|step| step.contains(what));
    assert!(has("Bitmap Index Scan on search_places_by_terms"), "{plan:#?}");
    assert!(has("messages_pkey") && has("members_pkey") && !has("Seq Scan"), "{plan:#?}");
    sqlx::raw_sql("SET enable_bitmapscan = off").execute(&mut *conn).await.unwrap();
}

#[tokio::test]
async fn each_statement_finds_its_rows_by_an_index() {
    let Ok(server) = std::env::var("CHAT_TEST_POSTGRES") else {
        assert!(std::env::var_os("CHAT_TESTS_RUN").is_none(), "tests/run names a PostgreSQL");
        eprintln!("not run here: no CHAT_TEST_POSTGRES names a server (tests/run starts one)");
        return;
    };
    let mut admin = PgConnection::connect(&server).await.unwrap();
    for statement in ["DROP DATABASE IF EXISTS test_plans WITH (FORCE)", "CREATE DATABASE test_plans"] {
        sqlx::raw_sql(statement).execute(&mut admin).await.unwrap();
    }
    let options = PostgresOptions::default();
    let url = server.replacen("/postgres?", "/test_plans?", 1);
    let connect = connections::connect_options(&url, &options).unwrap();
    schema::prepare(&connect, &options).await.unwrap();
    let mut conn = PgConnection::connect_with(&connect).await.unwrap();
    for statement in STATEMENTS {
        check(&mut conn, statement).await;
    }

    check_look_up(&mut conn).await;

    // So few that any index would do, which must not be what is planned for good.
    for few in [FIRST, FEW] {
        sqlx::raw_sql(few).execute(&mut conn).await.unwrap();
        for statement in STATEMENTS {
            check(&mut conn, statement).await;
        }
        sqlx::raw_sql("TRUNCATE chat.messages").execute(&mut conn).await.unwrap();
    }

    let patient = connect.clone().options([("statement_timeout", "0")]);
    let mut filler = PgConnection::connect_with(&patient).await.unwrap();
    sqlx::raw_sql(FILL).execute(&mut filler).await.unwrap();
    filler.close().await.unwrap();
    // Before PostgreSQL knows anything of what the tables hold, and then.
    for statistics in
        ["", "ANALYZE chat.rooms, chat.members, chat.profiles, chat.relations, chat.messages, chat.reactions"]
    {
        sqlx::raw_sql(statistics).execute(&mut conn).await.unwrap();
        for statement in STATEMENTS {
            check(&mut conn, statement).await;
        }
        check_look_up(&mut conn).await;
        for (sql, values, most) in READS {
            let plan = explain(&mut conn, sql, "ANALYZE, BUFFERS, COSTS OFF, TIMING OFF", values).await;
            let pages = pages(&plan);
            println!("{pages:6} pages of {most}: {values}");
            assert!(pages <= most, "{pages} pages are touched: {sql}\n{plan:#?}");
        }
    }
    conn.close().await.unwrap();
    sqlx::raw_sql("DROP DATABASE test_plans WITH (FORCE)").execute(&mut admin).await.unwrap();
}

/// How many pages the whole plan has touched, which its first step tells.
fn pages(plan: &[String]) -> u64 {
    let buffers = plan.iter().find_map(|step| step.trim().strip_prefix("Buffers: shared ")).unwrap();
    let numbers = buffers.split([' ', ',']).filter_map(|part| match part.split_once('=') {
        Some(("hit" | "read", pages)) => Some(pages.parse::<u64>().unwrap()),
        _ => None,
    });
    numbers.sum()
}
