//! The player as `web/worker/wasm-modules.js` sees it: two functions. A class would cost every viewer
//! three hundred bytes, and a module plays one film.

use std::cell::Cell;

use wasm_bindgen::prelude::*;

use super::driver::Driver;
use super::host::Host;
use super::inputs;

thread_local! {
    /// The player of this module. It acts only inside calls of `input`, by calls to its host.
    static DRIVER: Cell<Option<Box<Driver>>> = const { Cell::new(None) };
}

/// Makes the player, which works through `host`.
#[wasm_bindgen]
pub fn connect(host: Host) {
    DRIVER.set(Some(Box::new(Driver::new(host))));
}

/// Something happened: an input's code, numbers and bytes, as `codes.rs` has them. All inputs
/// share this one function, because each function costs every viewer a hundred bytes.
#[wasm_bindgen]
pub fn input(code: u8, numbers: &[f64], bytes: Vec<u8>) {
    if let Some(mut driver) = DRIVER.take() {
        driver.handle(inputs::read(code, numbers, bytes));
        DRIVER.set(Some(driver));
    }
}
