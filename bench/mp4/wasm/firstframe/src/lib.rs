//! `crates/mp4` as a page has it: a `moov` goes in, answers come out in the wire form.
#![expect(
    unsafe_code,
    reason = "plain exports need no bindings; what is put in is not zeroed first"
)]

use std::cell::RefCell;

use mp4::Index;
use mp4::plan::{Cursor, Selection};
use mp4::start_index::{self, StartPosition, StartRequest};

/// As in the player.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

#[derive(Default)]
struct State {
    input: Vec<u8>,
    len: usize,
    index: Option<Index<Vec<u8>>>,
    output: Vec<u8>,
    cursor: Option<Cursor>,
}

impl State {
    fn take(&mut self) -> Vec<u8> {
        let mut input = std::mem::take(&mut self.input);
        // SAFETY: there is room for so many, and the page has put them there.
        unsafe { input.set_len(self.len) };
        input
    }
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<T>(run: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(run)
}

/// Where `len` bytes must be put before anything is read.
#[unsafe(no_mangle)]
pub extern "C" fn room(len: usize) -> *mut u8 {
    with(|state| {
        state.input = Vec::with_capacity(len);
        state.len = len;
        state.input.as_mut_ptr()
    })
}

/// Reads the `moov` that was put there; how many tracks the film has, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn index() -> f64 {
    with(|state| {
        state.index = Index::parse(state.take()).ok();
        state.index.as_ref().map_or(-1.0, |index| index.tracks().len() as f64)
    })
}

/// How long the film is.
#[unsafe(no_mangle)]
pub extern "C" fn duration_ms() -> f64 {
    with(|state| state.index.as_ref().map_or(0.0, |index| index.duration_ms() as f64))
}

/// The window at a time, its size in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn at(time_ms: f64) -> usize {
    answer(StartPosition::Time(time_ms as u64))
}

/// The window after the last one; 0 behind the end.
#[unsafe(no_mangle)]
pub extern "C" fn next() -> usize {
    with(|state| state.cursor).map_or(0, |cursor| answer(StartPosition::Cursor(cursor)))
}

/// Where the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn answered() -> *const u8 {
    with(|state| state.output.as_ptr())
}

fn answer(from: StartPosition) -> usize {
    with(|state| {
        let Some(index) = &state.index else { return 0 };
        let selection = Selection { video: index.default_video(), audio: index.default_audio() };
        let request = StartRequest { selection, from, span_ms: 10_000, count: 1 };
        let Ok(answer) = start_index::plan_from_moov(index, request) else { return 0 };
        state.cursor = answer.windows.last().map(|window| window.next);
        state.output = start_index::encode(&answer);
        if state.cursor.is_some() { state.output.len() } else { 0 }
    })
}
