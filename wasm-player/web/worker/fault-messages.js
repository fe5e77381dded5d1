// The messages for faults of the player: what happened, in a sentence for people, what the viewer can do,
// and a technical line for whoever mends it.

/** @import { FaultCauses, FaultKinds, FaultLocations } from "../protocol/codes.js" */
/** @import { ToPage } from "../protocol/messages.js" */

import { KINDS, LOST } from "./lost-connection.js";

/** @typedef {[code: string, message: string, advice: string, details?: string, kind?: FaultKinds[number]]} Words */

const RELOAD = "Load the page again; if ";
const H264 = "onvert it to H.264 video with AAC audio.";
const RANGES = "Serve the file from a host that answers range requests ";

/** Formats by the beginning of their RFC 6381 strings. @type {[RegExp, string][]} */
const FORMATS = [
  [/^(hvc|hev)1/, "HEVC"], [/^dv[hav][1ev]/, "Dolby Vision"], [/^av01/, "AV1"], [/^vp0/, "VP9"],
  [/^avc/, "this kind of H.264"], [/^mp4a\.(40\.42|67\.42)/, "xHE-AAC"], [/^(mp3|mp4a\.6[9B])/, "MP3"],
  [/^(ac-3|ec-3|mp4a\.A[56])/, "Dolby Digital"], [/^mp4a/, "this kind of AAC"],
  [/^opus/i, "Opus"], [/^flac/i, "FLAC"],
];

/** The name of a format for people. @param {string} codec as RFC 6381 writes it */
export const formatName = (codec) => FORMATS.find(([known]) => known.test(codec))?.[1] ?? codec;

/** @param {string} why @returns {Words} */
const badFile = (why) => ["bad_file", "The film's file is damaged.",
  "Make the MP4 again, or publish it again if its upload was cut short.", why];

/** @param {string} message @param {string} why @returns {Words} */
const unplayable = (message, why) => ["unplayable", message, `C${H264}`, why];

/** This browser's engine: its bit in what crosses. */
const ENGINE = [/Chrom/, /Firefox/, /./].findIndex((name) => name.test(navigator.userAgent));

/** The browser's own player plays what Media Source Extensions do not have. @param {number} engines */
const isForOwnPlayer = (engines) => (engines >> ENGINE & 1) === 1;

/**
 * The film plays without its sound or its pictures, unless the browser's own player has them.
 * @param {number} mediaType @param {number} ownPlayers @param {string} name @param {string} why
 * @returns {Words}
 */
function missing(mediaType, ownPlayers, name, why) {
  const what = mediaType ? "sound" : "pictures";
  if (!isForOwnPlayer(ownPlayers)) {
    return ["missing_track", `No ${what} in this browser: ${name}.`, `To have it, c${H264}`, why];
  }
  return ["missing_track", `The browser's own player plays this film, for its ${what}: ${name}.`,
    `To play it with Firstframe, c${H264}`, why, "fallback"];
}

/** @param {string} why */
const nothing = (why) => unplayable("The film has nothing that a browser can play.", why);

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

/** Ranges of the buffers, in seconds. @param {unknown[]} values media type, start and end in ms, … */
function rangesOf(values) {
  const numbers = values.filter((value) => typeof value === "number");
  const of = (/** @type {number} */ mediaType) => {
    const ranges = [];
    for (let i = 0; i < numbers.length; i += 3) {
      const [kind, start = 0, end = 0] = numbers.slice(i, i + 3);
      if (kind === mediaType) ranges.push(`${start / 1000}-${end / 1000}`);
    }
    return ranges.join(" ") || "nothing";
  };
  return `video ${of(0)}, audio ${of(1)}`;
}

/**
 * Some files are not damaged.
 * @param {number} offset @param {number} track @param {string} path @param {string} violation
 * @returns {Words}
 */
function ofFile(offset, track, path, violation) {
  const details = violationAt(offset, track, path, violation);
  if (violation.startsWith("not an MP4")) {
    return ["bad_file", "The film's file is not an MP4 file.", `C${H264}`, details];
  }
  if (!violation.endsWith("not read by Firstframe")) return badFile(details);
  return ["bad_file", "The film's file is of a form that this player does not read.",
    "Make the MP4 again with a current program.", details];
}

/** @param {number} status @returns {Words} */
function ofStatus(status) {
  const details = `HTTP status ${status}`;
  if (status === 401 || status === 403) {
    return ["forbidden", "The server does not let you watch this film.",
      `${RELOAD}that does not help, ask whoever runs this site.`, details];
  }
  if (status === 404 || status === 410) {
    return ["not_found", "The film is not there any more.",
      "Go back and choose it again; it may have been removed or replaced.", details];
  }
  if (status === 416) {
    return ["odd_answer", "The film's file is shorter than it was said to be.",
      `${RELOAD}that does not help, publish the file again.`, details];
  }
  if (status >= 500 && status < 600) {
    return ["server", "The server has a problem of its own.", "Wait a moment, then try again.", details];
  }
  return ["odd_answer", "The server gave an answer that makes no sense here.",
    `${RELOAD}that does not help, tell whoever runs this site.`, details];
}

/**
 * In the order of their codes, to which a test in src/browser/codes.rs holds them.
 * @type {{ [cause in keyof FaultCauses]: (...values: FaultCauses[cause]) => Words }}
 */
const CAUSES = {
  network: () => LOST,
  unreachable: () => ["network", "The server could not be reached.",
    "Check your connection and the film's address, then load the page again."],
  unresolved: () => ["network", "The server does not say where this episode is.",
    "Check your connection, then try again."],
  status: ofStatus,
  noRanges: () =>
    ["no_ranges", "The film's server sends only whole films, which takes too long.",
      `${RANGES}with status 206.`, "status 200 for a range request"],
  emptyFile: () => ["empty_file", "The film's file is empty.",
    "Publish the file again; its upload may have been cut short."],
  unexpectedResponse: () =>
    ["odd_answer", "The server sent another part of the film than the one that was asked for.",
      `${RANGES}as RFC 9110 says.`],
  fileChanged: () => ["file_changed", "The film's file changes while it is being played.",
    "Wait until the new file is complete, then load the page again."],
  badFile: (...error) => ofFile(...error),
  truncated: (at, size) =>
    badFile(`the file is cut off: its index points to byte ${at} of ${size}`),
  indexNotFound: (requests) => badFile(`no index (moov) was found in ${requests} requests`),
  indexTooLarge: (bytes, max) =>
    badFile(`its index (moov) has ${bytes} bytes, more than ${max}`),
  codec: (ownPlayers, name, code) => unplayable(isForOwnPlayer(ownPlayers)
    ? `The browser's own player plays this film: ${name}.`
    : `The film is in a format that this browser does not play: ${name}.`,
    `sample entry ${code}, which Media Source Extensions do not have`),
  kind: nothing,
  encrypted: (scheme) => unplayable("The film is encrypted, and Firstframe plays no encrypted films.",
    `encryption scheme ${scheme}`),
  noDescription: () => nothing("the track has no sample description (stsd)"),
  noSamples: () => nothing("the track has no samples"),
  edits: (reason) => nothing(`its edit list ${reason}`),
  noMedia: () => nothing("the file has neither a video nor an audio track"),
  brokenTrack: (...error) => nothing(`the track is damaged: ${violationAt(...error)}`),
  missingTrack: missing,
  unsupported: (mime) =>
    ["unsupported", `This browser does not play ${formatName(/"(.+)"/.exec(mime)?.[1] ?? mime)}, in which the film is.`,
      `Try another browser, or c${H264}`, mime],
  bufferFull: () =>
    ["buffer_full", "The film needs more memory at once than this browser gives it.",
      "Convert it with key frames every few seconds, or at a lower bit rate."],
  decode: (why) => ["decode", "The browser could not decode the film.",
    "Play on from a little later; if it stops there too, convert the film again.", why],
  mediaSource: (why) =>
    ["media_source", "The browser did not take the film's data.",
      `${RELOAD}it happens again, try another browser.`, why],
  stalled: (...ranges) =>
    ["stalled", "The film stood still, although its data was there.",
      "Playback is begun again by itself. If it does not go on, choose another time of the film.",
      `buffered: ${rangesOf(ranges)}`],
};

/**
 * As `CAUSES`.
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
  const [code, message, advice, details = "", other] = words?.(...values) ?? ["", "", ""];
  const fault = { code, message, where: where?.(at) ?? "", advice, details };
  return { type: "fault", kind: other ?? KINDS[kind] ?? "error", fault };
}
