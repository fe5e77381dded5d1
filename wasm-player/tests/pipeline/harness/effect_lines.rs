//! Effects as lines of text, for tests to compare.

use mp4::start_index::StartPosition;
use wasm_player::pipeline::{AppendData, Effect, Request};

/// The line of an effect; `None` for those that tests do not compare: reads, alarms, and appends of
/// media.
pub(crate) fn line_of(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Read { .. } | Effect::WakeAt { .. } => return None,
        Effect::Append { data: AppendData::Part { .. } | AppendData::Gather { .. }, .. } => {
            return None;
        }
        Effect::Append { media_type, data: AppendData::Header(bytes), .. } => {
            format!("append {media_type:?} {}", kind_of(bytes))
        }
        Effect::Fetch { fetch_id, request, body_kind } => {
            format!("fetch {fetch_id} {} {body_kind:?}", line_of_request(*request))
        }
        Effect::Cancel { fetch_id } => format!("cancel {fetch_id}"),
        Effect::Resolve => "resolve".to_owned(),
        Effect::AddSourceBuffers { video, audio, duration_ms, offset_ms, .. } => {
            let [video, audio] = [video, audio].map(|mime| mime.as_deref().unwrap_or_default());
            let from = if *offset_ms > 0 { format!(" from {offset_ms} ms") } else { String::new() };
            format!("buffers {video} {audio} for {duration_ms} ms{from}")
        }
        Effect::RetryAppend { media_type } => format!("retry {media_type:?}"),
        Effect::AbortAppend { media_type } => format!("abort {media_type:?}"),
        Effect::Remove { media_type, range } => {
            format!("remove {media_type:?} {}-{}", range.start_ms, range.end_ms)
        }
        Effect::EndOfStream => "end of stream".to_owned(),
        Effect::StartOver { time_ms } => format!("start over at {time_ms}"),
        Effect::Nudge { time_ms } => format!("nudge to {time_ms}"),
        Effect::Waiting(fault) => format!("waiting: {:?}", fault.cause),
        Effect::Notice(fault) => format!("notice: {:?}", fault.cause),
        Effect::FallBack(fault) => format!("fall back: {:?}", fault.cause),
        Effect::Fail(fault) => format!("fail: {:?} ({:?})", fault.cause, fault.location),
    })
}

fn kind_of(header: &[u8]) -> &'static str {
    match header.get(4..8) {
        Some(b"ftyp") => "init",
        Some(b"moof") => "header",
        _ => "unknown",
    }
}

/// A range as its header field has it; a time or a cursor as its query has it.
fn line_of_request(request: Request) -> String {
    let query = |from| match from {
        StartPosition::Time(ms) => format!("at={ms}"),
        StartPosition::Cursor(cursor) => format!("from={:?}", cursor.numbers()),
    };
    match request {
        Request::Range(range) => format!("bytes={}-{}", range.start, range.end - 1),
        Request::Suffix(n) => format!("bytes=-{n}"),
        Request::Start(from) => format!("start {}", query(from)),
        Request::Headers(from) => format!("headers {}", query(from)),
    }
}
