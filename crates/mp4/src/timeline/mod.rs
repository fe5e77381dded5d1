//! When samples are shown: edit lists, and the segments of the media that they make.

pub(crate) mod edit_list;
pub(crate) mod edit_segment;
pub(crate) mod preroll;
pub(crate) mod sample_source;
pub(crate) mod track_timeline;
