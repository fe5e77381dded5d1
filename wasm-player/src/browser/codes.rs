//! The codes under which inputs and faults cross between worker and wasm.
//!
//! The tests below write `web/protocol/codes.d.ts` from these enums, and hold that file and the
//! order of the messages in `fault-messages.js` to them.

/// Which input crosses. The tests below have the parameters of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum InputCode {
    Open,
    Resolved,
    ResolveFailed,
    Seek,
    Position,
    Appended,
    Removed,
    QuotaExceeded,
    Unsupported,
    MediaSourceFailed,
    MediaElementFailed,
    Online,
    Head,
    StartBoxes,
    IndexBytes,
    MediaBytes,
    BodyEnded,
    FetchFailed,
    Tick,
    Languages,
}

impl InputCode {
    /// By code.
    pub(super) const ALL: [Self; 20] = [
        Self::Open,
        Self::Resolved,
        Self::ResolveFailed,
        Self::Seek,
        Self::Position,
        Self::Appended,
        Self::Removed,
        Self::QuotaExceeded,
        Self::Unsupported,
        Self::MediaSourceFailed,
        Self::MediaElementFailed,
        Self::Online,
        Self::Head,
        Self::StartBoxes,
        Self::IndexBytes,
        Self::MediaBytes,
        Self::BodyEnded,
        Self::FetchFailed,
        Self::Tick,
        Self::Languages,
    ];
}

/// What a fault means for playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum KindCode {
    /// Playback may stop soon; the player goes on by itself.
    Waiting,
    /// A track is left out; playback goes on.
    Notice,
    /// The browser's own player takes over.
    Fallback,
    /// Playback is over.
    Error,
}

/// Why something went wrong: the pipeline's causes, those within `Unplayable` one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum CauseCode {
    Network,
    Unreachable,
    Unresolved,
    Status,
    NoRanges,
    EmptyFile,
    UnexpectedResponse,
    FileChanged,
    BadFile,
    Truncated,
    IndexNotFound,
    IndexTooLarge,
    Codec,
    Kind,
    Encrypted,
    NoDescription,
    NoSamples,
    Edits,
    NoMedia,
    BrokenTrack,
    MissingTrack,
    Unsupported,
    BufferFull,
    Decode,
    MediaSource,
    Stalled,
}

/// Where something went wrong; each has one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum LocationCode {
    Time,
    Index,
    Structure,
    IndexByte,
    MediaByte,
    Tail,
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Write as _};

    use super::*;

    /// TypeScript's parameter list of what crosses with a code, in the order in which it crosses.
    type Signature = &'static str;

    fn input(code: InputCode) -> Signature {
        match code {
            InputCode::Open => "size: number, start: number, isResolvable: boolean",
            InputCode::Languages => "codes: Uint8Array",
            InputCode::Resolved => "size: number",
            InputCode::ResolveFailed => "status: number",
            InputCode::Seek => "time: number",
            InputCode::Position => "time: number, isPlaying: boolean",
            InputCode::Appended => {
                "mediaType: number, epoch: number, bytes: number, buffered: Float64Array"
            }
            InputCode::Removed => "mediaType: number, buffered: Float64Array",
            InputCode::QuotaExceeded => "mediaType: number, epoch: number",
            InputCode::Unsupported => "mediaType: number",
            InputCode::MediaSourceFailed | InputCode::MediaElementFailed | InputCode::Tick => "",
            InputCode::Online => "isOnline: boolean",
            InputCode::Head => "id: number, status: number, lengths: number[], validator: number",
            InputCode::StartBoxes => "id: number, mediaBytes: number, boxes: Uint8Array",
            InputCode::IndexBytes => "id: number, bytes: Uint8Array",
            InputCode::MediaBytes => "id: number, length: number",
            InputCode::BodyEnded | InputCode::FetchFailed => "id: number",
        }
    }

    fn cause(code: CauseCode) -> Signature {
        match code {
            CauseCode::Status => "status: number",
            CauseCode::BadFile | CauseCode::BrokenTrack => {
                "offset: number, track: number, path: string, violation: string"
            }
            CauseCode::MissingTrack => {
                "mediaType: number, ownPlayers: number, name: string, details: string"
            }
            CauseCode::Truncated => "at: number, size: number",
            CauseCode::IndexNotFound => "requests: number",
            CauseCode::IndexTooLarge => "bytes: number, max: number",
            CauseCode::Codec => "ownPlayers: number, name: string, code: string",
            CauseCode::Kind | CauseCode::Edits => "reason: string",
            CauseCode::Encrypted => "scheme: string",
            CauseCode::Unsupported => "mime: string",
            CauseCode::Stalled => "...ranges: number[]",
            CauseCode::Decode | CauseCode::MediaSource => "browserMessage: string",
            CauseCode::Network
            | CauseCode::Unreachable
            | CauseCode::Unresolved
            | CauseCode::NoRanges
            | CauseCode::EmptyFile
            | CauseCode::UnexpectedResponse
            | CauseCode::FileChanged
            | CauseCode::NoDescription
            | CauseCode::NoSamples
            | CauseCode::NoMedia
            | CauseCode::BufferFull => "",
        }
    }

    fn location(code: LocationCode) -> Signature {
        match code {
            LocationCode::Time => "seconds: number",
            LocationCode::Index => "",
            LocationCode::Structure => "size: number",
            LocationCode::IndexByte | LocationCode::MediaByte => "at: number",
            LocationCode::Tail => "bytes: number",
        }
    }

    const KINDS: [KindCode; 4] =
        [KindCode::Waiting, KindCode::Notice, KindCode::Fallback, KindCode::Error];

    const CAUSES: [CauseCode; 26] = [
        CauseCode::Network,
        CauseCode::Unreachable,
        CauseCode::Unresolved,
        CauseCode::Status,
        CauseCode::NoRanges,
        CauseCode::EmptyFile,
        CauseCode::UnexpectedResponse,
        CauseCode::FileChanged,
        CauseCode::BadFile,
        CauseCode::Truncated,
        CauseCode::IndexNotFound,
        CauseCode::IndexTooLarge,
        CauseCode::Codec,
        CauseCode::Kind,
        CauseCode::Encrypted,
        CauseCode::NoDescription,
        CauseCode::NoSamples,
        CauseCode::Edits,
        CauseCode::NoMedia,
        CauseCode::BrokenTrack,
        CauseCode::MissingTrack,
        CauseCode::Unsupported,
        CauseCode::BufferFull,
        CauseCode::Decode,
        CauseCode::MediaSource,
        CauseCode::Stalled,
    ];

    const LOCATIONS: [LocationCode; 6] = [
        LocationCode::Time,
        LocationCode::Index,
        LocationCode::Structure,
        LocationCode::IndexByte,
        LocationCode::MediaByte,
        LocationCode::Tail,
    ];

    /// `BadFile` -> `badFile`.
    fn name(code: impl Debug) -> String {
        let name = format!("{code:?}");
        let (first, rest) = name.split_at(1);
        format!("{}{rest}", first.to_lowercase())
    }

    fn names<C: Debug>(codes: &[C]) -> Vec<String> {
        codes.iter().map(name).collect()
    }

    /// What crosses with each code, in the order of the codes.
    fn interface<C: Debug + Copy>(
        type_: &str,
        codes: &[C],
        parameters: fn(C) -> Signature,
    ) -> String {
        let mut text = format!("export interface {type_} {{\n");
        for code in codes {
            writeln!(text, "  {}: [{}];", name(code), parameters(*code)).unwrap();
        }
        text + "}\n"
    }

    fn list(type_: &str, names: &[String]) -> String {
        format!("export type {type_} = [\n  \"{}\",\n];\n", names.join("\",\n  \""))
    }

    fn codes_d_ts() -> String {
        let mut inputs = String::from("export interface Inputs {\n");
        for code in InputCode::ALL {
            writeln!(inputs, "  {}({}): void;", name(code), input(code)).unwrap();
        }
        [
            "// The codes of what crosses between worker and wasm: a code is a place in a list.\n\
             // Written from wasm-player/src/browser/codes.rs, whose tests hold this file to it.\n\n\
             /** Inputs of the player. Times are in seconds, sizes in bytes; -1: not known. */\n",
            &inputs,
            "}\n\n/** The inputs in the order of their codes. */\n",
            &list("InputNames", &names(&InputCode::ALL)),
            "\n/** What a fault means for playback, in the order of the codes. */\n",
            &list("FaultKinds", &names(&KINDS)),
            "\n/** Why something went wrong, in the order of the codes, each with its values. */\n",
            &interface("FaultCauses", &CAUSES, cause),
            "\n/** Where in the film or its file, in the order of the codes, each with its number. */\n",
            &interface("FaultLocations", &LOCATIONS, location),
        ]
        .concat()
    }

    /// On a difference: `UPDATE_CODES=1 cargo test --profile native -p wasm-player codes` writes it anew.
    #[test]
    fn codes_d_ts_has_these_codes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/protocol/codes.d.ts");
        if std::env::var_os("UPDATE_CODES").is_some() {
            std::fs::write(path, codes_d_ts()).unwrap();
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(there, codes_d_ts(), "run it with UPDATE_CODES=1 to write {path}");
    }

    /// The keys of an object literal of a script, whose lines have two spaces before them.
    fn keys<'a>(script: &'a str, constant: &str) -> Vec<&'a str> {
        let (_, rest) = script.split_once(&format!("const {constant} = {{\n")).unwrap();
        let (object, _) = rest.split_once("\n};").unwrap();
        let lines = object.lines().filter(|line| !line.starts_with("   "));
        lines.filter_map(|line| line.trim().split(':').next()).collect()
    }

    #[test]
    fn fault_messages_js_has_its_messages_in_the_order_of_the_codes() {
        let script = include_str!("../../web/worker/fault-messages.js");
        assert_eq!(keys(script, "CAUSES"), names(&CAUSES));
        assert_eq!(keys(script, "LOCATIONS"), names(&LOCATIONS));
    }

    #[test]
    fn a_code_is_its_place_in_its_list() {
        for (at, code) in InputCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
        for (at, code) in KINDS.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
        for (at, code) in CAUSES.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
        for (at, code) in LOCATIONS.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
    }
}
