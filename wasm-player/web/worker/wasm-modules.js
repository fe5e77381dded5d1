// Loads one of the two wasm modules of the player, and gives the player's inputs their names.

/** @import { Exports, Host, LoadedPlayer, PlayerModule } from "../protocol/player.js" */
/** @import { InputNames } from "../protocol/codes.js" */

/** @type {InputNames} in the order of their codes, to which the type holds them */
const INPUTS = [
  "open", "resolved", "resolveFailed", "seek", "position", "appended", "removed", "quotaExceeded",
  "unsupported", "mediaSourceFailed", "mediaElementFailed", "online", "head", "startBoxes",
  "indexBytes", "mediaBytes", "bodyEnded", "fetchFailed", "tick", "languages",
];

/** The player that needs headers from the edge, and no `moov`. */
export const byHeaders = () =>
  load(import("./by_headers.js"), fetch(new URL("./by_headers_bg.wasm", import.meta.url)));

/** The player that reads the film's own `moov`. */
export const byIndex = () =>
  load(import("./by_index.js"), fetch(new URL("./by_index_bg.wasm", import.meta.url)),
    import("./languages.js"));

/**
 * Links the wasm with the script that wasm-bindgen made for it.
 * @param {Promise<typeof import("../protocol/player.js")>} script @param {Promise<Response>} wasm
 * @param {Promise<typeof import("./languages.js")>} [languages] for a choice of tracks
 * @returns {Promise<PlayerModule>}
 */
async function load(script, wasm, languages) {
  wasm.catch(() => {}); // It may fail before it is awaited below.
  const known = languages?.catch(() => undefined);
  const { Player, ...glue } = await script;
  const imports = { "./by_headers_bg.js": glue, "./by_index_bg.js": glue };
  const { instance } = await WebAssembly.instantiateStreaming(wasm, imports);
  const exports = /** @type {Exports} */ (instance.exports);
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  return { Player, memory: exports.memory, languages: (await known)?.viewerLanguages() };
}

const NO_BYTES = new Uint8Array();

/**
 * A player with one method for each input. An input crosses to wasm as its code, its numbers in the
 * order of the method's parameters, and its bytes.
 * @param {PlayerModule} module @param {Host} host
 * @returns {LoadedPlayer}
 */
export function createPlayer({ Player, memory, languages }, host) {
  const player = new Player(host);
  /** @param {number} code */
  const input = (code) => (/** @type {(number | boolean | ArrayLike<number>)[]} */ ...args) => {
    const bytes = args.find((arg) => arg instanceof Uint8Array) ?? NO_BYTES;
    const numbers = args.filter((arg) => arg !== bytes)
      .flatMap((arg) => (typeof arg === "object" ? Array.from(arg) : Number(arg)));
    player.input(code, Float64Array.from(numbers), /** @type {Uint8Array} */ (bytes));
  };
  const inputs = Object.fromEntries(INPUTS.map((name, code) => [name, input(code)]));
  if (languages) inputs["languages"]?.(languages);
  return { .../** @type {any} */ (inputs), memory, free: () => player.free() };
}
