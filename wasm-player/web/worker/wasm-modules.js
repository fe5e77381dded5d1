// Loads one of the two wasm modules of the player, and gives the player's inputs their names.

/** @import { Exports, Host, LoadedPlayer, PlayerModule } from "../protocol/player.js" */
/** @import { InputNames } from "../protocol/codes.js" */

import * as glue from "./glue.js";

/** @type {InputNames} in the order of their codes, to which the type holds them */
const INPUTS = [
  "open", "resolved", "resolveFailed", "seek", "position", "appended", "removed", "quotaExceeded",
  "unsupported", "mediaSourceFailed", "mediaElementFailed", "online", "head", "startBoxes",
  "indexBytes", "mediaBytes", "bodyEnded", "fetchFailed", "tick", "languages",
];

/** The player that needs headers from the edge, and no `moov`. */
export const byHeaders = () =>
  load(fetch(new URL("./by_headers_bg.wasm", import.meta.url)), () => import("./by_headers_texts.js"));

/** The player that reads the film's own `moov`. */
export const byIndex = () =>
  load(fetch(new URL("./by_index_bg.wasm", import.meta.url)), () => import("./by_index_texts.js"),
    import("./languages.js"));

/**
 * @param {Promise<Response>} wasm @param {PlayerModule["texts"]} texts
 * @param {Promise<typeof import("./languages.js")>} [languages] for a choice of tracks
 * @returns {Promise<PlayerModule>}
 */
async function load(wasm, texts, languages) {
  const known = languages?.catch(() => undefined);
  const imports = { "./by_headers_bg.js": glue, "./by_index_bg.js": glue };
  const { instance } = await WebAssembly.instantiateStreaming(wasm, imports);
  const exports = /** @type {Exports} */ (instance.exports);
  return { exports, texts, languages: (await known)?.viewerLanguages() };
}

const NO_BYTES = new Uint8Array();

/**
 * A player with one method for each input. An input crosses to wasm as its code, its numbers in the
 * order of the method's parameters, and its bytes. A player that was made before can no longer be used.
 * @param {PlayerModule} module @param {Host} host
 * @returns {LoadedPlayer}
 */
export function createPlayer({ exports, languages }, host) {
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  glue.connect(host);
  /** @param {number} code */
  const sender = (code) => (/** @type {(number | boolean | ArrayLike<number>)[]} */ ...args) => {
    const bytes = args.find((arg) => arg instanceof Uint8Array) ?? NO_BYTES;
    const numbers = args.filter((arg) => arg !== bytes)
      .flatMap((arg) => (typeof arg === "object" ? Array.from(arg) : Number(arg)));
    glue.input(code, Float64Array.from(numbers), /** @type {Uint8Array} */ (bytes));
  };
  const senders = Object.fromEntries(INPUTS.map((name, code) => [name, sender(code)]));
  if (languages) senders["languages"]?.(languages);
  return { .../** @type {any} */ (senders), memory: exports.memory };
}
