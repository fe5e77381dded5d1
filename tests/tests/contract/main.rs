//! The HTTP contract, run against `firstframe serve` and against the Worker in workerd.
//!
//! `BASE_URL` (see `Deployment::at_url`) takes the place of `firstframe serve`. `Differences` says
//! where platforms differ, and why.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a case that cannot go on ends here, and says why"
)]

mod accounts;
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

/// Makes every case a test on every deployment.
macro_rules! contract {
    ([$($subject:ident)*] $cases:tt) => { $(contract!(@on $subject $cases);)* };
    (@on $subject:ident { $($room:ident: $($case:ident)*;)* }) => {
        mod $subject {
            $(mod $room { $(#[test] fn $case() { crate::$room::$case(crate::shared::$subject()); })* })*
        }
    };
}

// The same rules hold for films of a provider.
contract! { [upstream_behind_firstframe_serve upstream_behind_workerd] {
    ranges:
        whole_film_is_sent_without_a_range
        single_ranges_are_sent_as_requested
        unsatisfiable_ranges_are_416
        invalid_ranges_are_ignored
        head_has_the_headers_of_get
        if_range_compares_strongly
        conditions_are_evaluated_before_ranges
        dates_are_compared_where_there_are_no_etags
        long_film_is_right_in_every_range
        etag_is_strong_and_stable;
    pictures:
        upstream_picture_is_sent_to_clients_with_its_signed_url
        film_is_not_ingested_as_a_picture;
} }

contract! { [accounts_behind_firstframe_serve accounts_behind_workerd] {
    accounts:
        account_has_one_history_until_it_is_removed;
} }

contract! { [firstframe_serve workerd] {
    catalog:
        health_names_the_service
        home_has_every_title
        title_has_all_its_fields
        episodes_come_in_order
        playable_episode_has_a_preferred_stream
        episode_whose_only_file_does_not_play_says_so
        episode_without_files_has_no_candidate
        stream_url_serves_the_bytes
        film_has_the_name_that_its_url_gives
        stream_url_is_signed_and_a_changed_one_is_refused
        poster_is_sent_as_a_picture
        picture_forbids_scripts_and_has_no_vary
        every_api_response_is_a_json_envelope;
    refusals:
        unknown_paths_and_ids_are_404
        malformed_ids_are_400
        unsupported_methods_are_405
        path_traversal_reads_nothing_outside_the_stores;
    ranges:
        whole_film_is_sent_without_a_range
        single_ranges_are_sent_as_requested
        unsatisfiable_ranges_are_416
        invalid_ranges_are_ignored
        head_has_the_headers_of_get
        if_range_compares_strongly
        conditions_are_evaluated_before_ranges
        dates_are_compared_where_there_are_no_etags
        empty_film_is_sent_whole
        long_film_is_right_in_every_range
        etag_is_strong_and_stable;
    cors:
        page_of_another_origin_may_read_ranges
        preflight_is_answered
        media_responses_have_no_vary;
    assets:
        page_is_revalidated
        every_page_path_serves_the_page
        page_of_an_episode_has_it_in_the_document
        player_is_framed_by_the_sites_of_the_setting
        embedding_is_described_to_sites
        assets_are_immutable
        player_is_revalidated_and_imports_an_asset
        assets_are_compressed_for_clients_that_accept_gzip
        unknown_assets_are_not_found;
    starts:
        headers_have_the_first_window_of_a_film
        start_is_the_headers_and_the_films_bytes
        episode_starts_in_one_response
        start_is_cacheable_and_revalidated
        file_that_is_no_film_gives_the_reason
        next_episodes_are_accepted_for_prefetch;
    viewers:
        session_is_anonymous_and_persistent
        viewer_routes_need_a_token
        history_has_one_row_per_title_newest_first
        finished_title_leaves_continue_watching
        watchlist_keeps_its_titles
        invalid_progress_is_refused
        page_of_another_origin_may_use_viewer_routes;
    admin:
        admin_routes_need_the_key
        pack_is_stored_under_the_hash_of_its_bytes_only
        too_large_a_pack_is_refused
        packs_are_read_back_as_they_were_put
        root_flips_only_from_the_catalog_it_was_built_on
        catalog_with_a_missing_pack_is_refused
        flip_that_does_not_parse_is_refused;
} }
