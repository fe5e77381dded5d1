// The messages for faults of the player: what is wrong, where, and what the viewer can do.

/** @import { FaultCauses, FaultKinds, FaultLocations } from "../protocol/codes.js" */
/** @import { ToPage } from "../protocol/messages.js" */

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

/**
 * What is wrong in the file, and at which byte.
 * @param {number} offset @param {number} track @param {string} path @param {string} violation
 */
function violationAt(offset, track, path, violation) {
  if (path === "file") return `${violation} (byte ${offset})`;
  if (/^(moof|sidx|mfra)/.test(path)) return `${path}: ${violation} (byte ${offset})`;
  const trak = track < 0 ? "" : `trak[${track}]/`;
  return `moov/${trak}${path}: ${violation} (byte ${offset} of moov)`;
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
 * In the order of their codes, to which a test in src/browser/codes.rs holds them.
 * @type {{ [cause in keyof FaultCauses]: (...values: FaultCauses[cause]) => Words }}
 */
const CAUSES = {
  network: () => ["network", "The connection to the server was lost.",
    "Check your connection; playback goes on by itself once the server responds."],
  unreachable: () => ["network", "The server could not be reached.",
    "Check your connection and the film's address, then load the page again."],
  unresolved: () => ["network", "The server does not say where this episode is.",
    "Check your connection, then try again."],
  status: ofStatus,
  noRanges: () =>
    ["no_ranges", "The server sends the whole film when a part of it is requested.",
      `${RANGES}with status 206.`],
  emptyFile: () => ["empty_file", "The film's file is empty.",
    "Publish the file again; its upload may have been cut short."],
  unexpectedResponse: () =>
    ["odd_answer", "The server sent other bytes than those requested.", `${RANGES}as RFC 9110 says.`],
  fileChanged: () => ["file_changed", "The film's file changes while it is being played.",
    "Wait until the new file is complete, then load the page again."],
  badFile: (...error) => badFile(violationAt(...error)),
  truncated: (at, size) =>
    badFile(`it is cut off: its index points to byte ${at} of ${size}`),
  indexNotFound: (requests) => badFile(`no index (moov) was found in ${requests} requests`),
  indexTooLarge: (bytes, max) =>
    badFile(`its index (moov) has ${bytes} bytes, more than ${max}`),
  codec: (name, code) =>
    unplayable(`${name} (${code}) is played by no browser through Media Source Extensions`),
  kind: unplayable,
  encrypted: (scheme) =>
    unplayable(`the track is encrypted (${scheme}), which Firstframe does not play yet`),
  noDescription: () =>
    unplayable("the track has no sample description (stsd), so its codec is unknown"),
  noSamples: () => unplayable("the track has no samples"),
  edits: (reason) => unplayable(`its edit list ${reason}`),
  noMedia: () => unplayable("the file has neither a video nor an audio track"),
  brokenTrack: (...error) => unplayable(`the track is damaged: ${violationAt(...error)}`),
  unsupported: (mime) =>
    ["unsupported", `This browser does not play ${mime}.`, `Try another browser, or c${H264}`],
  bufferFull: () =>
    ["buffer_full", "The film needs more memory at once than this browser gives it.",
      "Convert it with key frames every few seconds, or at a lower bit rate."],
  decode: (why) => ["decode", `The browser could not decode the film: ${why}`,
    "Play on from a little later; if it stops there too, convert the film again."],
  mediaSource: (why) =>
    ["media_source", `The browser refused the film's data: ${why}`,
      `${RELOAD}it happens again, try another browser.`],
};

/**
 * As above.
 * @type {{ [location in keyof FaultLocations]: (...number: FaultLocations[location]) => string }}
 */
const LOCATIONS = {
  time: (s) => `at ${Math.floor(s / 60)}:${`${s % 60}`.padStart(2, "0")} of the film`,
  index: () => "in the film's index",
  structure: (size) => `in the structure of the file${size ? ` of ${size} bytes` : ""}`,
  indexByte: (at) => `in the film's index, at byte ${at} of the file`,
  mediaByte: (at) => `in the film's pictures and sound, at byte ${at} of the file`,
  tail: (bytes) => `in the film's index, in the last ${bytes} bytes`,
};

/** @type {FaultKinds} */
const KINDS = ["waiting", "notice", "fallback", "error"];

/**
 * The message to the page for a fault from wasm: its codes, and the numbers and texts
 * of its cause.
 * @param {number} kind @param {number} cause @param {number} location @param {number} at
 * @param {(number | string)[]} values
 * @returns {ToPage}
 */
export function faultMessage(kind, cause, location, at, values) {
  /** @type {((...values: any[]) => Words) | undefined} */
  const words = Object.values(CAUSES)[cause];
  /** @type {((...number: any[]) => string) | undefined} */
  const where = Object.values(LOCATIONS)[location];
  const [code = "", message = "", advice = ""] = words?.(...values) ?? [];
  return { type: "fault", kind: KINDS[kind] ?? "error",
    fault: { code, message, where: where?.(at) ?? "", advice } };
}
