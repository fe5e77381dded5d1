// What a person may ask of a playback: how many requests, and how many bytes went where.

/** @import { FirstframeRequest } from "../protocol/public-types.js" */

/** Requests that are remembered one by one; an hour's film makes 400. */
const ENTRIES_MAX = 1000;
/** @type {FirstframeRequest[]} */
const entries = [];
export const counters = { requestCount: 0, bytesFetched: 0, bytesAppended: 0, indexBytesInWasm: 0,
  mediaBytesInWasm: 0 };

/** @param {string} range @param {boolean} isMedia @returns {FirstframeRequest} */
export function note(range, isMedia) {
  /** @type {FirstframeRequest} */
  const entry = { range, purpose: isMedia ? "media" : "index", sentMs: performance.now(),
    headMs: null, status: 0, bytes: 0 };
  counters.requestCount += 1;
  if (entries.length < ENTRIES_MAX) entries.push(entry);
  return entry;
}

/** @param {WebAssembly.Memory | undefined} memory of the player */
export const stats = (memory) =>
  ({ requests: entries, ...counters, wasmMemoryBytes: memory?.buffer.byteLength ?? 0 });
