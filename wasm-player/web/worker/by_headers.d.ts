// One of the two modules that wasm-bindgen makes.

export * from "../protocol/player.js";
