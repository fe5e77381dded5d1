// The script that wasm-bindgen makes for both modules.

export * from "../protocol/player.js";
