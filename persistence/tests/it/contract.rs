//! What every store promises, one function for each promise.
//!
//! Each takes an empty store and fails when it breaks its word. [`for_every_promise!`] hands the list to a macro that
//! makes tests of it, so a new store runs the same suite with one line in `stores.rs`, and a promise cannot be left out.

mod guards;
mod history;
mod outbox;
mod policies;
mod sharing;
mod together;

pub(crate) use guards::*;
pub(crate) use history::*;
pub(crate) use outbox::*;
pub(crate) use policies::*;
pub(crate) use sharing::*;
pub(crate) use together::*;

/// Calls `$make!` with the name of every promise.
macro_rules! for_every_promise {
    ($make:ident) => {
        $make! {
            // guards
            epochs_count_from_one_for_each_shard_alone
            a_later_owner_fences_the_earlier_ones
            an_epoch_that_was_never_issued_gives_no_right
            a_fence_of_another_shard_gives_no_right
            a_step_follows_the_version_held
            a_driver_is_taken_by_one_trip_at_a_time
            a_driver_nobody_knows_is_not_taken
            a_driver_without_a_home_can_be_taken
            only_the_trip_that_holds_a_driver_frees_it
            a_step_that_contradicts_the_rows_is_stale
            a_known_key_names_its_trip
            two_riders_may_use_the_same_key
            a_key_is_compared_to_the_last_byte
            a_refused_request_does_not_use_its_key
            a_rider_has_no_more_trips_than_the_caps_say_in_all_shards_together
            a_rider_who_has_called_off_too_often_waits
            a_key_that_is_known_is_answered_before_the_caps_are_asked
            questions_about_a_step_are_asked_in_order
            a_move_counts_the_homes
            a_move_leaves_the_home_it_names
            a_move_leaves_the_generation_it_names
            a_committed_driver_does_not_move
            only_the_owner_of_the_old_home_moves_a_driver
            // together
            nothing_asked_is_nothing_done
            a_refused_write_does_not_disturb_its_neighbours
            steps_of_one_batch_build_on_each_other
            a_key_used_twice_in_a_batch_is_used_once
            a_driver_passes_from_trip_to_trip_in_one_batch
            a_trip_passes_from_driver_to_driver_in_one_batch
            two_trips_swap_drivers_in_one_batch
            a_driver_moves_and_is_taken_in_one_batch
            numbers_of_a_shard_have_no_gap
            a_batch_may_be_large
            of_many_who_want_a_driver_one_wins
            of_many_who_claim_a_shard_each_gets_an_epoch
            of_many_who_connect_each_gets_a_session
            // history
            an_empty_store_knows_nothing
            a_trip_comes_back_as_it_was_written
            an_order_comes_back_as_it_was_written
            a_trip_for_later_is_kept_until_its_time
            every_event_comes_back_as_it_was_written
            a_way_that_was_changed_keeps_what_was_asked_for
            places_come_back_to_the_last_bit
            a_new_owner_loads_what_is_active
            a_driver_from_another_shard_is_loaded_by_both
            shards_with_work_are_those_to_claim
            a_trip_is_known_after_its_end
            trips_are_counted_by_stage
            sessions_count_from_one
            a_session_changes_nothing_else
            settling_gives_a_home_once
            settling_spares_a_committed_driver
            the_journal_is_read_in_pages
            rows_are_listed_in_order
            // sharing
            a_shared_car_comes_back_as_it_was_written
            a_guest_holds_no_driver
            a_car_that_drives_on_is_active_until_the_last_guest_is_out
            // outbox
            who_is_alone_holds_the_right_to_tell_events
            a_cursor_never_goes_back
            of_many_who_advance_a_cursor_the_farthest_counts
            each_outlet_has_a_cursor_of_its_own
            lines_behind_a_cursor_are_counted_up_to_a_limit
            a_dead_letter_is_kept_until_it_is_delivered
            a_dead_letter_is_tried_again_when_it_is_due
            // policies
            a_change_of_the_policy_comes_back_as_it_was_made
            of_many_who_change_the_policy_one_is_first
        }
    };
}
pub(crate) use for_every_promise;
