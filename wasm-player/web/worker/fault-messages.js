// What the player says and is told as numbers, in words: faults for people, headers for servers.

/** @import { FirstframeFault } from "../protocol/public-types.js" */

/** @typedef {[code: string, message: string, advice: string]} Words */

const RELOAD = "Load the page again; if ";
const H264 = "onvert it to H.264 video with AAC audio.";
const RANGES = "Serve the file from a host that answers range requests ";

/** @param {string} why @returns {Words} */
const badFile = (why) => ["bad_file", `The film cannot be read: ${why}.`,
  "Make the MP4 again, or publish it again if its upload was cut short."];

/** @param {string} why @returns {Words} */
const unplayable = (why) =>
  ["unplayable", `The film has nothing that a browser can play: ${why}.`, `C${H264}`];

/** @param {string} path @param {string} what @param {number} offset @param {number} track */
function rule(path, what, offset, track) {
  if (path === "file") return `${what} (byte ${offset})`;
  if (/^(moof|sidx|mfra)/.test(path)) return `${path}: ${what} (byte ${offset})`;
  const trak = track < 0 ? "" : `trak[${track}]/`;
  return `moov/${trak}${path}: ${what} (byte ${offset} of moov)`;
}

/** @param {number} status @returns {Words} */
function ofStatus(status) {
  if (status === 401 || status === 403) {
    return ["forbidden", `The server does not allow this film to be read (status ${status}).`,
      `${RELOAD}that does not help, ask whoever runs this site.`];
  }
  if (status === 404 || status === 410) {
    return ["not_found", `The film is not there (status ${status}).`,
      "Go back and choose it again; it may have been removed or replaced."];
  }
  if (status === 416) {
    return ["odd_answer", "The film's file is shorter than it was said to be (status 416).",
      `${RELOAD}that does not help, publish the file again.`];
  }
  if (status >= 500 && status < 600) {
    return ["server", `The server failed (status ${status}).`, "Wait a moment, then try again."];
  }
  return ["odd_answer", `The server gave an answer that makes no sense here (status ${status}).`,
    `${RELOAD}that does not help, tell whoever runs this site.`];
}

/**
 * By the names that src/browser/fault_codes.rs gives them.
 * @type {Record<string, (a: string, b: string, n: number, m: number, said: string) => Words>}
 */
const CAUSES = {
  network: () => ["network", "The connection to the server broke off.",
    "Check your connection; playback goes on by itself once the server answers."],
  unreachable: () => ["network", "The server could not be reached.",
    "Check your connection and the film's address, then load the page again."],
  unresolved: () => ["network", "The server does not say where this episode is.",
    "Check your connection, then try again."],
  status: (_a, _b, status) => ofStatus(status),
  noRanges: () =>
    ["no_ranges", "The server sends the whole film where a part of it was asked for.",
      `${RANGES}with status 206.`],
  empty: () => ["empty_file", "The film's file is empty.",
    "Publish the file again; its upload may have been cut short."],
  oddAnswer: () => ["odd_answer", "The server sent other bytes than those asked for.",
    `${RANGES}as RFC 9110 says.`],
  changed: () => ["file_changed", "The film's file changes while it is being played.",
    "Wait until the new file is complete, then load the page again."],
  badFile: (path, what, offset, track) => badFile(rule(path, what, offset, track)),
  cutOff: (_a, _b, at, size) =>
    badFile(`it is cut off: its index tells of byte ${at}, and the file has ${size}`),
  scattered: (_a, _b, requests) => badFile(`no index within ${requests} requests`),
  largeIndex: (_a, _b, bytes, max) =>
    badFile(`its index (moov) has ${bytes} bytes, more than the ${max} that are taken`),
  codec: (name, code) =>
    unplayable(`${name} (${code}) is played by no browser through Media Source Extensions`),
  kind: unplayable,
  encrypted: (scheme) =>
    unplayable(`the track is encrypted (${scheme}), which Firstframe does not play yet`),
  noDescription: () =>
    unplayable("the track has no sample description (stsd), so its codec is unknown"),
  noSamples: () => unplayable("the track has no samples"),
  edits: (why) => unplayable(`its edit list ${why}`),
  noMedia: () => unplayable("the file has neither a video nor an audio track"),
  damaged: (path, what, offset, track) =>
    unplayable(`the track is damaged: ${rule(path, what, offset, track)}`),
  unsupported: (_a, _b, _n, _m, mime) =>
    ["unsupported", `This browser does not play ${mime}.`, `Try another browser, or c${H264}`],
  bufferFull: () =>
    ["buffer_full", "The film needs more memory at once than this browser gives it.",
      "Convert it with key frames every few seconds, or at a lower bit rate."],
  decode: (_a, _b, _n, _m, why) => ["decode", `The browser could not decode the film: ${why}`,
    "Play on from a little later; if it stops there too, convert the film again."],
  sink: (_a, _b, _n, _m, why) =>
    ["media_source", `The browser refused the film's data: ${why}`,
      `${RELOAD}it happens again, try another browser.`],
};

/** @type {Record<string, (at: number) => string>} */
const PLACES = {
  time: (s) => `at ${Math.floor(s / 60)}:${`${s % 60}`.padStart(2, "0")} of the film`,
  index: () => "in the film's index",
  structure: (size) => `in the structure of the file${size ? ` of ${size} bytes` : ""}`,
  indexByte: (at) => `in the film's index, at byte ${at} of the file`,
  mediaByte: (at) => `in the film's pictures and sound, at byte ${at} of the file`,
  tail: (bytes) => `in the film's index, in the last ${bytes} bytes`,
};

/**
 * What a person is told; `said` is what the browser said of it.
 * @param {string} cause @param {string} first @param {string} second
 * @param {number} number @param {number} limit @param {string} place @param {number} at
 * @param {string} said
 * @returns {FirstframeFault}
 */
export function inWords(cause, first, second, number, limit, place, at, said) {
  const words = CAUSES[cause]?.(first, second, number, limit, said);
  const [code, message, advice] = words ?? [cause, "", ""];
  return { code, message, where: PLACES[place]?.(at) ?? "", advice };
}

/** `bytes=a-b`, or the last bytes of a file. @param {number} start @param {number} end */
export const rangeHeader = (start, end) =>
  (start < 0 ? `bytes=${start}` : `bytes=${start}-${end - 1}`);

/**
 * First byte, last byte and length of `Content-Range: bytes a-b/total`, `bytes a-b/*` or
 * `bytes *\/total`; -1 for what is not told.
 * @param {string | null} value @returns {[number, number, number]}
 */
export function contentRange(value) {
  const parts = /^\s*bytes\s+(?:(\d+)-(\d+)|\*)\/(?:(\d+)|\*)\s*$/i.exec(value ?? "");
  const [first, last, total] = [1, 2, 3].map((at) => Number(parts?.[at] ?? -1));
  return [first ?? -1, last ?? -1, total ?? -1];
}
