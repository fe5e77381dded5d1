//! The player as `web/worker/wasm-modules.js` sees it.

use wasm_bindgen::prelude::*;

use super::driver::Driver;
use super::host::Host;
use super::inputs;

/// One player. It acts only inside calls to it, by calls to its host.
#[wasm_bindgen]
pub struct Player {
    driver: Driver,
}

#[wasm_bindgen]
impl Player {
    /// A player that works through `host`.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host) -> Self {
        Self { driver: Driver::new(host) }
    }

    /// Something happened: an input's code, numbers and bytes, as `codes.rs` has them. All inputs
    /// share this one function, because each function costs every viewer a hundred bytes.
    pub fn input(&mut self, code: u8, numbers: &[f64], bytes: Vec<u8>) {
        self.driver.handle(inputs::read(code, numbers, bytes));
    }
}
