// What the page itself has to say of a film that does not play.

/** @import { FirstframeFault, FirstframeStats } from "../protocol/public-types.js" */

/** @type {FirstframeStats} */
export const NO_STATS = { requests: [], requestCount: 0, bytesFetched: 0, bytesAppended: 0,
  indexBytesInWasm: 0, mediaBytesInWasm: 0, wasmMemoryBytes: 0 };

/** @type {FirstframeFault} */
export const NO_MEDIA_SOURCE = { code: "no_media_source", where: "in this browser",
  message: "This browser has no Media Source Extensions.",
  advice: "Use a current version of Chromium, Firefox or Safari." };

/** @param {string} why @returns {FirstframeFault} */
export function brokenWorker(why) {
  return { code: "player", where: "on this page",
    message: `The player could not be loaded: ${why}`,
    advice: "Check your connection, then load the page again." };
}
