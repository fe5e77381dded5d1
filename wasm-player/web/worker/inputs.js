// What can happen to the player, by the places that src/browser/player.rs has for it.

/** @import { Inputs, Player } from "../protocol/player.js" */

/** @type {(keyof Inputs)[]} */
const NAMES = [
  "open", "resolved", "resolveFailed", "seek", "position", "appended", "evicted", "quotaExceeded",
  "unsupported", "sinkFailed", "mediaFailed", "online", "head", "started", "indexBytes",
  "mediaBytes", "fetchEnded", "fetchFailed", "tick",
];

const NO_BYTES = new Uint8Array();

/** The player, with a method for each of them. @param {Player} player */
export function inputsOf(player) {
  /** @param {number} what */
  const input = (what) => (/** @type {(number | boolean | ArrayLike<number>)[]} */ ...args) => {
    const bytes = args.find((arg) => arg instanceof Uint8Array) ?? NO_BYTES;
    const numbers = args.filter((arg) => arg !== bytes)
      .flatMap((arg) => (typeof arg === "object" ? Array.from(arg) : Number(arg)));
    player.input(what, Float64Array.from(numbers), /** @type {Uint8Array} */ (bytes));
  };
  const entries = NAMES.map((name, what) => [name, input(what)]);
  return /** @type {Inputs} */ (Object.fromEntries(entries));
}
