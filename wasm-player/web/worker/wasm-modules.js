// The two modules of the player, of which a page loads the one that it needs.

/** @import { Exports } from "../protocol/player.js" */

/** By headers that the edge makes: all that a start needs. */
export const byHeaders = () =>
  load(import("./by_headers.js"), fetch(new URL("./by_headers_bg.wasm", import.meta.url)));

/** By the film's own `moov`. */
export const byIndex = () =>
  load(import("./by_index.js"), fetch(new URL("./by_index_bg.wasm", import.meta.url)));

/**
 * Joins the wasm and its glue.
 * @param {Promise<typeof import("../protocol/player.js")>} module @param {Promise<Response>} wasm
 */
async function load(module, wasm) {
  wasm.catch(() => {}); // What awaits it below may be late.
  const { Player, ...glue } = await module;
  const imports = { "./by_headers_bg.js": glue, "./by_index_bg.js": glue };
  const { instance } = await WebAssembly.instantiateStreaming(wasm, imports);
  const exports = /** @type {Exports} */ (instance.exports);
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  return { Player, memory: exports.memory };
}
