//! The crate `mp4` as a page would have it: a file without its media goes in.
#![expect(
    unsafe_code,
    reason = "plain exports need no bindings; what is put in is not zeroed first"
)]

use std::cell::RefCell;
use std::io::Cursor;

use mp4::Mp4Reader;

#[derive(Default)]
struct State {
    input: Vec<u8>,
    len: usize,
    index: Option<Mp4Reader<Cursor<Vec<u8>>>>,
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

/// Where `len` bytes must be put before anything is read.
#[unsafe(no_mangle)]
pub extern "C" fn room(len: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        state.input = Vec::with_capacity(len);
        state.len = len;
        state.input.as_mut_ptr()
    })
}

/// Reads what was put there; how many milliseconds the film has, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn index() -> f64 {
    STATE.with_borrow_mut(|state| {
        let input = state.take();
        let len = input.len() as u64;
        state.index = Mp4Reader::read_header(Cursor::new(input), len).ok();
        state.index.as_ref().map_or(-1.0, |index| index.duration().as_millis() as f64)
    })
}
