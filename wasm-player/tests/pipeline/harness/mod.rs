//! A pipeline between a test server and a test `MediaSource`, both under the test's control.

mod effect_lines;
mod media_source;
mod server;
mod source_buffer;
pub(crate) mod synthetic_film;

use wasm_player::pipeline::{ByHeaders, ByIndex, Effect, Input, MediaType, Pipeline, WindowSource};

use media_source::TestMediaSource;
use server::TestServer;
use synthetic_film::SyntheticFilm;

/// A pipeline that plays one film.
pub(crate) struct PlayerHarness<W: WindowSource = ByIndex> {
    pub(crate) pipeline: Pipeline<W>,
    pub(crate) server: TestServer,
    pub(crate) media_source: TestMediaSource,
    /// Whether the server answers before the buffers do.
    pub(crate) has_slow_buffers: bool,
    pub(crate) now_ms: u64,
    pub(crate) wake_at_ms: Option<u64>,
    /// The effects since the last seek, one line each.
    pub(crate) lines: Vec<String>,
}

impl PlayerHarness {
    /// A server that has the file, and no headers.
    pub(crate) fn new(file: &[u8]) -> Self {
        Self::of(TestServer::new(file, 0..0))
    }
}

impl PlayerHarness<ByHeaders> {
    /// A server that makes headers of the film, as the edge does.
    pub(crate) fn with_headers(film: &SyntheticFilm) -> Self {
        let offset = |at: u64| usize::try_from(at).unwrap();
        let moov = offset(film.moov.start)..offset(film.moov.end);
        Self::of(TestServer::new(&film.bytes, moov))
    }
}

impl<W: WindowSource> PlayerHarness<W> {
    fn of(server: TestServer) -> Self {
        Self {
            pipeline: Pipeline::new(),
            server,
            media_source: TestMediaSource::new(),
            has_slow_buffers: false,
            now_ms: 0,
            wake_at_ms: None,
            lines: Vec::new(),
        }
    }

    /// Handles one input; returns the lines of its effects.
    pub(crate) fn input(&mut self, input: Input) -> Vec<String> {
        self.pipeline.handle(self.now_ms, input);
        let mut lines = Vec::new();
        while let Some(effect) = self.pipeline.poll() {
            lines.extend(self.carry_out(effect));
        }
        self.lines.extend(lines.iter().cloned());
        lines
    }

    /// Opens the film and runs until nothing is left to do.
    pub(crate) fn play(&mut self, start_ms: u64) {
        self.input(Input::Open { start_ms, size: None, resolvable: false });
        self.run();
    }

    /// Lets server and buffers act until nothing is left to do at this time.
    pub(crate) fn run(&mut self) {
        for _ in 0..1_000_000 {
            let Some(input) = self.next_input() else { return };
            self.input(input);
        }
        panic!("the pipeline never comes to rest");
    }

    fn next_input(&mut self) -> Option<Input> {
        if self.has_slow_buffers {
            return self.server.next_input().or_else(|| self.media_source.next_input());
        }
        self.media_source.next_input().or_else(|| self.server.next_input())
    }

    /// Lets the server act, and not the buffers, until nothing is left to do.
    pub(crate) fn run_server(&mut self) {
        while let Some(input) = self.server.next_input() {
            self.input(input);
        }
    }

    /// Lets the server act once.
    pub(crate) fn run_server_once(&mut self) {
        if let Some(input) = self.server.next_input() {
            self.input(input);
        }
    }

    /// Lets time pass; the alarm rings when it is due.
    pub(crate) fn wait(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(at) = self.wake_at_ms.filter(|at| *at <= end) {
            self.now_ms = at.max(self.now_ms);
            self.wake_at_ms = None;
            self.input(Input::Tick);
            self.run();
        }
        self.now_ms = end;
    }

    /// Moves the play position to `to_ms` in steps of a quarter of a second.
    pub(crate) fn watch(&mut self, from_ms: u64, to_ms: u64) {
        for time_ms in (from_ms..=to_ms).step_by(250) {
            self.now_ms += 250;
            self.input(Input::Position { time_ms, playing: true });
            self.run();
        }
    }

    /// Clears `lines`, seeks, and runs until nothing is left to do.
    pub(crate) fn seek(&mut self, time_ms: u64) {
        self.lines.clear();
        self.input(Input::Seek { time_ms });
        self.run();
    }

    /// The ranges that a buffer has, in milliseconds.
    pub(crate) fn buffered(&self, media_type: MediaType) -> Vec<(u64, u64)> {
        let buffered = &self.media_source.buffers[&media_type].buffered;
        buffered.iter().map(|range| (range.start_ms, range.end_ms)).collect()
    }

    /// The bytes of all samples that a buffer took.
    pub(crate) fn samples(&self, media_type: MediaType) -> Vec<u8> {
        let samples = &self.media_source.buffers[&media_type].samples;
        samples.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    /// The `lines` that contain `word`.
    pub(crate) fn lines_with(&self, word: &str) -> Vec<&str> {
        self.lines.iter().map(String::as_str).filter(|line| line.contains(word)).collect()
    }

    fn carry_out(&mut self, effect: Effect) -> Option<String> {
        let line = effect_lines::line_of(&effect);
        match effect {
            Effect::Fetch { fetch_id, request, body_kind } => {
                self.server.fetch(fetch_id, request, body_kind);
            }
            Effect::Read { fetch_id } => self.server.read(fetch_id),
            Effect::Cancel { fetch_id } => self.server.cancel(fetch_id),
            Effect::Append { media_type, epoch, data } => {
                let bytes = self.server.bytes_of(data);
                self.media_source.append(media_type, epoch, bytes);
            }
            Effect::RetryAppend { media_type } => self.media_source.retry_append(media_type),
            Effect::AbortAppend { media_type } => self.media_source.abort_append(media_type),
            Effect::Remove { media_type, range } => self.media_source.remove(media_type, range),
            Effect::EndOfStream => self.media_source.ended = true,
            Effect::StartOver { .. } => self.media_source.start_over(),
            Effect::WakeAt { at_ms } => self.wake_at_ms = Some(at_ms),
            Effect::AddSourceBuffers { .. }
            | Effect::Resolve
            | Effect::Nudge { .. }
            | Effect::Waiting(_)
            | Effect::Notice(_)
            | Effect::FallBack(_)
            | Effect::Fail(_) => {}
        }
        line
    }
}
