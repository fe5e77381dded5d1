// Loads the words for faults, and makes the messages to the page with them.

/** @import { ToPage } from "../protocol/messages.js" */
/** @import { PlayerModule } from "../protocol/player.js" */

import { KINDS, LOST } from "./lost-connection.js";
import { firstFrame } from "./requests.js";

/**
 * Loads them: no first frame waits for them, and later there may be no network.
 * @param {PlayerModule["texts"]} texts of the player's module
 */
export const loadWords = (texts) => Promise.all([import("./fault-messages.js"), texts()]);

/** Loads them once the first frame is on the screen. @param {PlayerModule["texts"]} texts */
export const loadWordsLater = (texts) => void firstFrame.then(() => loadWords(texts)).catch(() => {});

/**
 * The message for a fault from wasm.
 * @param {PlayerModule["texts"]} texts of the player's module
 * @param {[kind: number, cause: number, location: number]} codes
 * @param {Float64Array} numbers that of the location, then those of the cause
 * @param {string[]} said texts of the cause; one that was taken out of the module is zeros
 * @param {number[]} addresses of these texts
 * @returns {Promise<ToPage>}
 */
export async function messageOf(texts, [kind, cause, location], [at = 0, ...values], said, addresses) {
  try {
    const [{ faultMessage }, { TEXTS }] = await loadWords(texts);
    const whole = said.map((text, i) => (text[0] === "\0" ? TEXTS[addresses[i] ?? 0] ?? "" : text));
    return faultMessage(kind, cause, location, at, [...values, ...whole]);
  } catch {
    // Nothing can be loaded.
    const [code, message, advice] = LOST;
    const fault = { code, message, where: "", advice, details: "" };
    return { type: "fault", kind: KINDS[kind] ?? "error", fault };
  }
}
