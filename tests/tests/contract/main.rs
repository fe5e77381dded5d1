//! The HTTP contract, run against `firstframe serve` and against the Worker in workerd.
//!
//! `BASE_URL` (see `Deployment::at_url`) takes the place of `firstframe serve`. Where platforms
//! differ, [`Differences`] says in what and why.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a case that cannot go on ends here, and says why"
)]

mod admin;
mod assets;
mod catalog;
mod cors;
mod pictures;
mod ranges;
mod refusals;
mod shared;
mod starts;
mod viewers;

use shared::Subject;

/// Every case, once a deployment.
macro_rules! contract {
    ([$($subject:ident)*] $cases:tt) => { $(contract!(@on $subject $cases);)* };
    (@on $subject:ident { $($room:ident: $($case:ident)*;)* }) => {
        mod $subject {
            $(mod $room { $(#[test] fn $case() { crate::$room::$case(crate::shared::$subject()); })* })*
        }
    };
}

// A film is read by the same rules wherever it lies.
contract! { [a_provider_behind_firstframe_serve a_provider_behind_workerd] {
    ranges:
        the_whole_film_comes_without_a_range
        single_ranges_come_as_asked
        ranges_that_no_byte_satisfies_are_416
        what_is_no_range_is_ignored
        head_tells_what_get_would
        if_range_decides_by_strong_comparison
        conditions_come_before_ranges
        dates_decide_where_there_are_no_tags
        a_long_film_is_right_at_every_cut
        an_etag_is_strong_and_stays;
    pictures:
        a_picture_of_a_provider_is_sent_to_who_has_its_url
        what_is_no_picture_is_not_taken_up;
} }

contract! { [firstframe_serve workerd] {
    catalog:
        health_names_the_service
        home_has_every_title_on_it
        a_film_is_told_whole
        episodes_come_in_order
        an_episode_that_plays_has_a_preferred_stream
        an_episode_whose_only_file_does_not_play_says_so
        an_episode_without_files_has_no_candidate
        a_stream_url_leads_to_the_bytes
        a_stream_url_is_signed_and_a_changed_one_is_refused
        a_poster_is_a_picture
        a_picture_is_no_page_and_varies_by_nothing
        every_answer_is_an_envelope_of_json;
    refusals:
        unknown_things_are_not_found
        ids_of_no_form_are_refused
        methods_that_a_path_has_not_are_refused
        nobody_reads_outside_the_stores;
    ranges:
        the_whole_film_comes_without_a_range
        single_ranges_come_as_asked
        ranges_that_no_byte_satisfies_are_416
        what_is_no_range_is_ignored
        head_tells_what_get_would
        if_range_decides_by_strong_comparison
        conditions_come_before_ranges
        dates_decide_where_there_are_no_tags
        an_empty_film_is_whole
        a_long_film_is_right_at_every_cut
        an_etag_is_strong_and_stays;
    cors:
        a_page_elsewhere_may_read_ranges
        a_preflight_is_answered
        no_media_answer_varies;
    assets:
        the_page_is_revalidated
        every_page_path_is_the_page
        assets_are_immutable
        assets_are_compressed_for_who_asks
        unknown_assets_are_not_found;
    starts:
        headers_say_where_a_film_begins
        a_start_is_the_headers_and_the_films_own_bytes
        an_episode_starts_in_one_answer
        a_start_is_kept_and_revalidated
        a_film_that_is_none_says_why
        what_is_watched_next_is_taken_note_of;
    viewers:
        a_session_needs_no_name_and_is_kept
        without_a_token_nothing_is_kept
        history_has_one_row_a_title_newest_first
        what_is_finished_leaves_the_row
        a_watchlist_keeps_what_is_put_there
        progress_that_makes_no_sense_is_refused
        a_page_elsewhere_may_keep_its_viewers;
    admin:
        without_the_key_nothing_is_told
        a_pack_is_what_its_name_says
        a_pack_that_is_too_large_is_refused
        packs_come_back_as_they_were_put
        the_catalog_flips_only_from_the_one_it_was_built_on
        a_catalog_with_a_missing_pack_is_refused
        a_flip_that_does_not_parse_is_refused;
} }
