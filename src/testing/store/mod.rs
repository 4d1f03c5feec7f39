//! The suite that every [`Store`] passes: the contract's text, case by case.
//!
//! One line in a file of tests makes a `#[tokio::test]` of each case, each with a store of its own from
//! the factory. The factory yields a store, a [`Fixture`] where there is more to say, or an option of one
//! where the store needs a server that is not there everywhere: with `None` the case is not run.
//!
//! ```
//! use chat_core::store::{MemoryStore, SqliteStore};
//! use chat_core::testing::store::Fixture;
//!
//! chat_core::store_suite!(memory, || async { MemoryStore::new() });
//!
//! chat_core::store_suite!(sqlite, || async {
//!     let dir = tempfile::tempdir().unwrap();
//!     let path = dir.path().join("chat.db");
//!     let open = move || {
//!         let path = path.clone();
//!         async move { SqliteStore::open(path).await.unwrap() }
//!     };
//!     Fixture::new(open().await).reopening(open).keeping(dir)
//! });
//! # fn main() {}
//! ```
//!
//! Each case takes a store in which nothing is yet, and commits to it from several tasks at once where
//! the engine would: what it finds must hold for any number of lanes. Your crate needs `tokio` with its
//! features `macros` and `rt-multi-thread`.

mod fixture;
mod kit;

pub mod about;
pub mod alerts;
pub mod amend;
pub mod attachments;
pub mod audit;
pub mod catch_up;
pub mod custom;
pub mod deletion;
pub mod edits;
pub mod erasure;
pub mod follows;
pub mod forwards;
pub mod friends;
pub mod held;
pub mod hidden;
pub mod invites;
pub mod joins;
pub mod marks;
pub mod members;
pub mod mentions;
pub mod messages;
pub mod moderation;
pub mod notify;
pub mod order;
pub mod personal;
pub mod pins;
pub mod public;
pub mod pushes;
pub mod quotes;
pub mod reads;
pub mod records;
pub mod reports;
pub mod retention;
pub mod roles;
pub mod rooms;
pub mod search;
pub mod settings;
pub mod streams;
pub mod threads;
pub mod whole;

#[cfg(doc)]
use crate::store::Store;

pub use fixture::{Fixture, IntoFixture};

/// Makes a module of tests, one for each case of the contract of a [`Store`].
///
/// The first argument names the module; the second is a closure whose future yields a fresh store, a
/// [`Fixture`](crate::testing::store::Fixture), or an option of one. See
/// [`testing::store`](crate::testing::store).
#[macro_export]
macro_rules! store_suite {
    (@cases $($noun:ident: $($case:ident)*;)*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let Some(fixture) = fresh().await else { return };
                $crate::testing::store::$noun::$case(fixture).await;
            }
        )*)*
    };
    ($name:ident, $factory:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "whatever the factory names")]
            use super::*;

            #[allow(dead_code, reason = "without tests nothing calls it")]
            async fn fresh() -> ::core::option::Option<$crate::testing::store::Fixture> {
                $crate::testing::store::IntoFixture::into_fixture(($factory)().await)
            }

            $crate::store_suite! { @cases
                order:
                    messages_are_numbered_without_a_gap_in_each_room
                    positions_rise_and_each_names_the_one_before
                    the_store_stands_where_its_last_change_does
                    an_empty_batch_changes_nothing
                    a_refused_item_leaves_nothing_behind
                    an_item_sees_those_before_it;
                rooms:
                    a_room_is_made_with_its_people_and_its_owner
                    the_host_makes_a_room_that_nobody_owns
                    whoever_is_named_twice_is_in_once
                    a_pair_has_one_room_within_a_batch
                    a_pair_has_one_room_across_batches
                    pairs_that_look_alike_have_rooms_of_their_own
                    fifty_at_once_make_one_room_of_a_pair
                    a_challenge_has_one_open_room
                    groups_are_never_the_same_room
                    a_key_is_free_once_its_room_is_closed
                    a_key_is_freed_and_taken_within_a_batch
                    a_new_name_is_told_with_a_message
                    a_name_that_is_no_other_changes_nothing
                    only_the_owner_renames_removes_and_closes
                    the_host_may_do_what_the_owner_may
                    nothing_is_changed_about_a_direct_room
                    a_closed_room_is_read_and_not_written
                    what_is_not_there_is_no_error_to_read;
                members:
                    whoever_leaves_is_told_of_and_stays_as_a_tombstone
                    the_last_to_leave_closes_the_room
                    whoever_leaves_a_direct_room_closes_it
                    whoever_comes_back_starts_at_the_head
                    an_owner_who_comes_back_is_a_member
                    joining_skips_whoever_is_in
                    a_room_takes_no_more_than_its_bound
                    only_members_invite
                    whoever_is_no_member_cannot_be_removed
                    members_come_in_pages_by_their_ids
                    memberships_come_in_pages_by_their_rooms
                    read_marks_are_those_of_active_members
                    seniors_are_the_first_of_those_who_are_in;
                notify:
                    what_a_member_wants_notices_of_is_theirs_and_told_to_nobody_else
                    a_choice_outlasts_the_stay_and_is_carried_by_its_record
                    when_somebody_wants_no_notices_is_what_was_said_last;
                pushes:
                    notices_begin_at_a_moment_that_stays
                    rooms_wait_until_their_messages_are_considered
                    a_room_is_held_by_one_at_a_time
                    what_failed_is_due_once_and_bounded
                    blocks_are_told_of_pairs;
                alerts:
                    each_is_left_behind_by_the_commit_of_what_it_tells_of
                    friends_are_told_of_what_the_other_one_did
                    whoever_had_to_wait_is_told_that_they_are_in
                    a_batch_that_says_nothing_of_alerts_leaves_none
                    a_later_one_takes_the_place_of_an_earlier_one_and_is_no_part_of_what_came_of_it
                    what_is_due_is_taken_by_one_and_due_again_later
                    so_many_wait_for_one_user_and_the_oldest_goes
                    they_go_with_their_user_and_with_their_room;
                about:
                    a_room_is_made_with_what_is_said_of_it
                    what_is_said_of_a_room_is_changed_without_words
                    a_closed_room_is_opened_again_by_who_may_close_it
                    an_opened_room_takes_its_key_or_says_who_has_it
                    a_direct_room_is_opened_again_by_the_host_while_both_are_in_it;
                invites:
                    a_link_comes_back_as_it_was_made
                    a_link_is_made_by_who_may_invite
                    a_room_has_no_more_links_than_its_bound_that_hold
                    whoever_has_a_link_that_holds_comes_in
                    forty_at_once_use_a_link_no_more_often_than_they_may
                    a_link_is_revoked_by_its_maker_or_who_may_take_people_out
                    an_invitation_lets_in_nobody_else_and_ends_with_the_answer
                    an_invitation_takes_the_place_of_the_one_before_it
                    who_comes_in_another_way_is_invited_no_more
                    nobody_is_invited_who_is_there_or_has_blocked_the_inviter
                    links_are_taken_in_as_they_are_unless_their_code_is_anothers;
                public:
                    public_rooms_come_newest_first_and_no_other_does
                    whoever_likes_comes_into_a_public_room
                    nobody_comes_into_a_private_room_by_themselves
                    the_owner_makes_a_room_public_and_private;
                roles:
                    roles_are_given_by_whoever_has_a_greater_one
                    who_makes_somebody_the_owner_is_an_admin
                    the_host_gives_roles_and_rooms_away
                    nobody_has_another_role_in_a_direct_room
                    an_owner_who_leaves_is_followed_by_the_first_of_the_others
                    owners_who_leave_in_one_batch_are_followed_by_whoever_stays
                    a_role_is_told_like_any_change_of_a_membership
                    whoever_only_reads_marks_and_does_not_send
                    permissions_say_what_takes_which_role
                    an_update_is_made_whole_or_not_at_all
                    roles_and_permissions_outlive_a_reopening
                    roles_that_are_taken_in_leave_a_room_one_owner;
                moderation:
                    whoever_is_muted_says_nothing_until_its_end
                    a_retry_of_what_was_sent_before_the_mute_gets_its_message
                    only_who_moderates_mutes_and_bans_and_nobody_of_as_great_a_role
                    a_mute_outlasts_the_stay_and_ends_with_ownership
                    whoever_is_banned_is_taken_out_and_comes_in_by_no_way
                    an_owner_who_is_banned_is_followed_by_the_first_of_the_others
                    bans_come_in_pages_by_their_users_with_their_profiles
                    in_a_slow_room_a_member_sends_once_in_so_long
                    mutes_bans_and_slow_mode_outlive_a_reopening_and_a_move;
                audit:
                    each_act_of_a_moderator_is_noted_where_it_was_committed
                    what_governs_a_room_is_noted_with_what_moderates_it
                    pins_are_noted_where_not_every_member_may
                    acts_are_taken_in_once_and_in_their_order;
                reports:
                    a_report_waits_until_somebody_says_what_came_of_it
                    whoever_reads_reports_what_others_have_said;
                held:
                    what_is_held_waits_and_is_no_message
                    a_reply_that_was_held_is_counted_in_its_thread_once_it_is_sent
                    whoever_may_not_send_has_nothing_wait
                    a_retry_of_what_waits_is_answered_alike_whatever_the_host_says
                    what_is_approved_is_sent_as_its_sender_at_that_moment
                    what_its_sender_may_not_send_now_waits_on
                    only_who_moderates_settles_and_nobody_approves_their_own
                    what_is_rejected_is_noted_and_its_files_are_collected
                    so_many_wait_in_a_room_and_of_one_user
                    those_that_wait_come_oldest_first_and_in_pages
                    what_waits_counts_for_the_pace_of_a_slow_room
                    what_waits_elsewhere_is_taken_in_with_its_files_until_it_is_sent;
                joins:
                    whoever_is_held_waits_and_is_not_in
                    whoever_could_not_come_in_now_does_not_wait
                    whoever_asks_again_gets_the_same_answer_whatever_the_host_says
                    whoever_is_let_in_comes_in_at_that_moment
                    whoever_may_not_come_in_now_waits_on
                    only_who_moderates_lets_people_in_and_only_who_asks_withdraws
                    who_is_rejected_is_noted_and_may_ask_again
                    so_many_people_wait_for_a_room
                    those_who_wait_come_oldest_first_and_in_pages
                    who_comes_in_another_way_or_is_banned_waits_no_more
                    what_waits_for_a_room_goes_with_it
                    who_waits_elsewhere_waits_here_until_somebody_says_whether_they_come_in
                    who_waits_and_is_in_is_let_in_and_waits_no_more;
                messages:
                    a_message_comes_back_as_it_was_sent
                    a_retry_within_a_batch_gets_the_first_message
                    a_message_keeps_the_connection_that_sent_it
                    a_retry_later_gets_the_first_message
                    a_retry_gets_the_first_message_after_the_room_has_closed
                    a_hundred_retries_at_once_send_one_message
                    another_message_under_a_client_id_is_a_conflict
                    a_client_id_belongs_to_its_sender_and_room
                    only_active_members_send
                    a_range_ends_where_the_messages_do
                    a_message_is_found_by_its_id_in_its_room_alone
                    long_texts_come_back_whole
                    every_script_comes_back_byte_for_byte
                    the_longest_ids_are_good_everywhere
                    text_that_looks_like_sql_is_text;
                marks:
                    a_mark_moves_forward_only_and_no_further_than_the_head
                    reading_moves_the_delivered_mark_along
                    a_mark_takes_no_position_of_its_own
                    marks_of_others_stay_where_they_are
                    only_active_members_have_marks
                    own_messages_are_never_unread
                    system_messages_are_never_unread
                    a_mark_below_messages_of_its_batch_counts_the_older_own_ones
                    a_rename_by_the_host_leaves_counts_exact
                    unread_equals_a_fresh_count_whatever_happens;
                reads:
                    rooms_are_found_by_their_ids
                    rooms_come_by_activity
                    rooms_of_the_same_moment_come_by_id
                    pages_of_rooms_lose_and_repeat_none
                    an_entry_shows_the_newest_message_and_the_first_people
                    a_direct_entry_shows_both_also_when_one_has_left
                    an_entry_is_for_active_members
                    a_profile_shows_in_old_messages
                    a_user_without_a_profile_shows_by_id
                    the_last_of_two_profiles_holds
                    last_seen_is_the_latest_time
                    having_been_seen_makes_no_profile
                    the_latest_logout_is_kept_for_each_user
                    logouts_are_told_of_those_who_ever_logged_out;
                catch_up:
                    each_kind_of_change_shows_in_its_room_alone
                    changed_rooms_come_in_pages_with_past_ones
                    a_mark_at_the_position_is_told_again
                    a_membership_is_told_whose_stay_began_or_ended_since
                    when_a_membership_changed_is_compared_in_the_lane_of_its_room
                    new_messages_come_in_pages
                    changed_memberships_come_oldest_first
                    moved_marks_come_in_pages_by_user
                    a_great_many_moved_marks_come_in_pages_by_user;
                friends:
                    a_request_is_accepted_and_both_are_friends
                    two_who_ask_each_other_are_friends
                    what_stands_already_changes_nothing
                    a_request_is_declined_or_withdrawn
                    only_a_request_can_be_answered
                    a_friendship_ends_on_both_sides_and_is_not_told
                    nobody_is_related_to_themselves
                    a_block_ends_what_was_and_tells_nobody_of_itself
                    a_request_to_who_has_blocked_looks_like_any_other_and_never_arrives
                    a_block_is_taken_back_by_its_maker_alone
                    a_block_forbids_both_to_open_send_and_add
                    a_retry_of_what_was_sent_before_the_block_gets_its_message
                    a_block_counts_for_what_stands_behind_it_in_a_batch
                    accept_against_block_never_leaves_a_friendship_beside_a_block
                    no_message_is_committed_after_a_block
                    people_come_in_pages_by_their_ids_with_their_profiles
                    relations_outlive_a_reopening;
                edits:
                    what_was_edited_is_kept_newest_first_up_to_a_bound
                    nothing_is_kept_of_what_is_deleted_or_where_nothing_is_to_be_kept
                    edits_of_one_batch_are_kept_each
                    former_states_outlive_a_reopening
                    former_states_are_taken_in_where_the_message_says_the_same;
                settings:
                    what_was_never_settled_is_seen
                    what_stands_already_is_no_news_and_each_state_is_later
                    changes_at_once_lose_none
                    whoever_hides_their_marks_counts_as_one_who_has_read_nothing
                    settings_that_are_taken_in_end_nothing_later
                    settings_outlive_a_reopening;
                records:
                    each_row_comes_once_and_in_its_order
                    a_profile_and_times_come_one_without_the_other
                    rows_of_another_store_are_taken_in_as_they_are
                    what_does_not_go_with_what_is_there_is_not_taken_in
                    a_room_that_is_taken_in_holds_its_key_while_it_is_open
                    marks_and_stays_that_are_taken_in_only_grow
                    reports_are_taken_in_with_what_came_of_them
                    a_relation_that_is_taken_in_ends_nothing_later;
                amend:
                    an_edit_takes_a_position_and_leaves_the_place
                    a_picture_keeps_its_address_and_may_lose_its_caption
                    only_the_sender_edits_and_only_within_the_time
                    a_deleted_message_keeps_its_place_and_counts_until_it_is_passed
                    the_owner_deletes_what_others_sent_and_nobody_else
                    what_was_deleted_and_what_the_server_said_is_not_changed
                    a_closed_room_and_a_block_end_changes_but_for_deleting
                    reactions_count_once_a_user_and_kind
                    a_message_bears_so_many_kinds_of_reactions
                    deleting_takes_the_reactions_along
                    what_somebody_left_comes_by_message
                    changed_messages_come_by_their_last_change
                    changes_within_a_batch_see_each_other
                    counts_equal_what_was_left_whatever_happens
                    changes_outlive_a_reopening;
                streams:
                    what_is_written_so_far_is_kept_and_is_no_edit
                    only_its_sender_writes_a_message_and_only_until_it_is_written
                    a_message_is_edited_once_nobody_writes_it
                    what_is_appended_comes_behind_what_is_there;
                attachments:
                    attachments_stand_in_their_message_wherever_it_is_read
                    an_upload_tells_nobody_and_takes_no_position
                    only_whole_attachments_of_the_sender_and_the_room_are_sent
                    a_picture_has_pictures_alone
                    an_attachment_goes_with_one_message
                    a_retry_names_the_same_attachments
                    whoever_may_not_send_may_not_upload
                    what_no_message_has_is_found_and_ended
                    an_attachment_is_sent_or_discarded_and_never_both
                    attachments_are_taken_in_with_their_message
                    what_is_kept_of_one_user_has_a_bound_over_all_their_rooms
                    uploads_that_end_at_once_never_pass_the_bound_together
                    what_is_taken_in_counts_whatever_the_bound;
                search:
                    words_are_found_wherever_they_stand
                    what_was_found_comes_newest_first_and_in_pages
                    what_is_sent_meanwhile_moves_no_page
                    messages_of_one_moment_are_each_found_once
                    only_rooms_in_which_somebody_is_are_searched
                    somebody_in_very_many_rooms_searches_all_of_them
                    a_changed_message_is_found_by_what_it_says_now
                    a_search_is_narrowed
                    words_of_the_server_are_not_found
                    a_search_finds_what_a_look_at_each_message_does
                    a_common_word_and_a_rare_one_are_found_among_many
                    what_is_written_bit_by_bit_is_found_by_all_that_is_there;
                quotes:
                    a_quote_stands_in_its_message_wherever_it_is_read
                    a_quote_is_read_as_its_message_is_now
                    what_is_elsewhere_deleted_or_the_servers_own_is_not_answered
                    a_retry_names_the_same_quote
                    a_message_of_its_own_batch_is_answered
                    quotes_are_taken_in_with_their_message
                    quotes_outlive_a_reopening;
                pins:
                    a_pin_takes_a_position_and_says_whose_it_is
                    pins_come_newest_first_and_in_pages
                    a_room_has_no_more_pins_than_its_bound
                    many_who_pin_at_once_pin_no_more_than_the_bound
                    whoever_may_pins_and_takes_off_anybodys_pin
                    pins_outlive_a_reopening;
                forwards:
                    who_sent_it_first_stands_in_a_message_wherever_it_is_read
                    a_retry_of_a_forward_is_known_by_what_was_passed_on
                    forwards_are_taken_in_with_whom_they_name;
                custom:
                    what_is_kept_with_a_message_stands_wherever_it_is_read
                    a_retry_is_known_by_what_is_kept_with_it_too
                    an_edit_keeps_something_else_with_a_message_or_leaves_it
                    what_is_kept_with_a_message_goes_with_what_it_says
                    what_waits_keeps_it_until_it_is_sent
                    messages_are_taken_in_with_what_is_kept_with_them;
                hidden:
                    hiding_takes_a_position_and_reads_up_to_the_message
                    within_a_batch_what_was_sent_is_hidden_and_counts_stay_exact
                    a_participant_hides_any_message_and_no_more_than_the_bound
                    many_who_hide_at_once_hide_no_more_than_the_bound
                    what_is_hidden_is_no_last_message_and_not_found
                    what_was_hidden_comes_by_its_position_of_one_user_and_of_all
                    what_is_hidden_outlasts_the_stay_a_reopening_and_a_move;
                deletion:
                    a_deleted_room_leaves_nothing_but_that_it_was_there
                    nothing_is_done_in_a_deleted_room
                    what_stands_beside_a_deleted_room_goes_with_it
                    the_key_of_a_deleted_room_is_free_and_its_id_is_not;
                erasure:
                    whose_data_goes_is_kept_until_it_has_gone_and_their_profile_goes_at_once
                    an_erased_message_is_a_deleted_one_that_nobody_has_deleted
                    reactions_and_reports_are_taken_away_one_by_one
                    what_stands_beside_an_ended_stay_is_taken_away_and_of_one_that_goes_on_nothing;
                personal:
                    messages_of_a_sender_come_in_pages_by_their_numbers
                    reactions_of_a_user_come_in_pages_by_message
                    bans_and_reports_are_found_by_their_user
                    what_is_known_of_a_user_is_found_by_them;
                retention:
                    a_count_keeps_the_newest_and_a_cut_takes_no_more_than_its_bound
                    an_age_lets_go_what_is_older_and_stops_at_what_is_not
                    nothing_goes_before_it_has_the_least_age
                    the_rooms_own_rule_stands_instead_of_the_one_for_all
                    what_was_cut_away_is_not_unread_and_counts_stay_exact
                    unread_equals_a_fresh_count_of_what_is_kept
                    what_hangs_on_a_message_goes_with_it
                    what_was_cut_away_before_it_was_indexed_holds_nothing_up
                    a_cut_stands_in_a_batch_like_anything_else
                    rooms_of_which_it_is_said_come_in_pages
                    what_is_kept_outlives_a_reopening_and_a_move;
                mentions:
                    mentions_stand_in_a_message_wherever_it_is_read
                    nobody_mentions_who_is_not_there_or_themselves
                    unread_mentions_are_those_beyond_the_read_mark
                    everybody_is_mentioned_by_whoever_may
                    a_retry_mentions_the_same
                    mentions_are_taken_in_with_their_message
                    the_count_of_mentions_equals_a_fresh_one_whatever_happens;
                threads:
                    a_reply_stands_in_its_thread_and_in_the_log_of_the_room
                    a_root_tells_of_its_thread_and_changes_with_each_reply
                    replies_count_as_unread_only_where_they_are_shown
                    what_is_elsewhere_a_reply_or_the_servers_own_has_no_thread
                    a_thread_goes_on_when_its_root_is_deleted_and_none_begins
                    a_retry_replies_to_the_same
                    many_who_reply_at_once_are_all_counted
                    replies_are_taken_in_with_their_thread
                    threads_equal_a_fresh_count_whatever_happens;
                follows:
                    whoever_replies_follows_and_so_does_who_sent_the_root_from_the_first_reply_on
                    who_left_a_thread_off_follows_it_again_by_a_reply_of_their_own_alone
                    a_participant_follows_what_is_or_may_be_a_thread
                    a_mark_in_a_thread_never_moves_back_and_is_its_followers_alone
                    unread_are_replies_of_others_that_are_there_and_not_hidden
                    followed_threads_come_by_their_newest_reply_in_rooms_of_now
                    of_too_many_those_of_the_oldest_choice_are_forgotten
                    a_reply_that_was_held_has_its_sender_follow_once_it_is_sent
                    who_follows_changes_at_a_position_and_goes_with_the_root
                    follows_outlast_a_reopening_and_a_move
                    what_is_unread_in_threads_equals_a_fresh_count_whatever_happens;
                whole:
                    a_commit_is_seen_by_the_next_read
                    readers_see_whole_batches
                    commits_at_once_are_each_applied_once
                    another_epoch_is_another_number_and_keeps_the_position
                    nothing_waits_in_a_fresh_outbox_and_ending_it_is_no_error
                    reopening_keeps_everything;
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_in_the_list() {
        let files = [
            include_str!("alerts.rs"),
            include_str!("amend.rs"),
            include_str!("about.rs"),
            include_str!("attachments.rs"),
            include_str!("audit.rs"),
            include_str!("catch_up.rs"),
            include_str!("custom.rs"),
            include_str!("edits.rs"),
            include_str!("deletion.rs"),
            include_str!("erasure.rs"),
            include_str!("follows.rs"),
            include_str!("forwards.rs"),
            include_str!("friends.rs"),
            include_str!("held.rs"),
            include_str!("hidden.rs"),
            include_str!("invites.rs"),
            include_str!("joins.rs"),
            include_str!("marks.rs"),
            include_str!("members.rs"),
            include_str!("mentions.rs"),
            include_str!("messages.rs"),
            include_str!("moderation.rs"),
            include_str!("notify.rs"),
            include_str!("order.rs"),
            include_str!("personal.rs"),
            include_str!("pins.rs"),
            include_str!("public.rs"),
            include_str!("pushes.rs"),
            include_str!("quotes.rs"),
            include_str!("reads.rs"),
            include_str!("records.rs"),
            include_str!("reports.rs"),
            include_str!("retention.rs"),
            include_str!("roles.rs"),
            include_str!("rooms.rs"),
            include_str!("streams.rs"),
            include_str!("threads.rs"),
            include_str!("search.rs"),
            include_str!("settings.rs"),
            include_str!("whole.rs"),
        ];
        let listed: Vec<&str> =
            include_str!("mod.rs").lines().map(|line| line.trim().trim_end_matches(';')).collect();
        for line in files.iter().flat_map(|file| file.lines()) {
            let Some(case) = line.strip_prefix("pub async fn ") else { continue };
            let case = case.split('(').next().unwrap();
            assert!(listed.contains(&case), "{case} is missing in the list");
        }
    }
}
