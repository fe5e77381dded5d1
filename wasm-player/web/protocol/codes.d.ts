// The codes of what crosses between worker and wasm: a code is a place in a list.
// Written from wasm-player/src/browser/codes.rs, whose tests hold this file to it.

/** Inputs of the player. Times are in seconds, sizes in bytes; -1: not known. */
export interface Inputs {
  open(size: number, start: number, isResolvable: boolean): void;
  resolved(size: number): void;
  resolveFailed(status: number): void;
  seek(time: number): void;
  position(time: number, isPlaying: boolean): void;
  appended(mediaType: number, epoch: number, bytes: number, buffered: Float64Array): void;
  removed(mediaType: number, buffered: Float64Array): void;
  quotaExceeded(mediaType: number, epoch: number): void;
  unsupported(mediaType: number): void;
  mediaSourceFailed(): void;
  mediaElementFailed(): void;
  online(isOnline: boolean): void;
  head(id: number, status: number, lengths: number[], validator: number): void;
  startBoxes(id: number, mediaBytes: number, boxes: Uint8Array): void;
  indexBytes(id: number, bytes: Uint8Array): void;
  mediaBytes(id: number, length: number): void;
  bodyEnded(id: number): void;
  fetchFailed(id: number): void;
  tick(): void;
  languages(codes: Uint8Array): void;
}

/** The inputs in the order of their codes. */
export type InputNames = [
  "open",
  "resolved",
  "resolveFailed",
  "seek",
  "position",
  "appended",
  "removed",
  "quotaExceeded",
  "unsupported",
  "mediaSourceFailed",
  "mediaElementFailed",
  "online",
  "head",
  "startBoxes",
  "indexBytes",
  "mediaBytes",
  "bodyEnded",
  "fetchFailed",
  "tick",
  "languages",
];

/** What a fault means for playback, in the order of the codes. */
export type FaultKinds = [
  "waiting",
  "notice",
  "fallback",
  "error",
];

/** Why something went wrong, in the order of the codes, each with its values. */
export interface FaultCauses {
  network: [];
  unreachable: [];
  unresolved: [];
  status: [status: number];
  noRanges: [];
  emptyFile: [];
  unexpectedResponse: [];
  fileChanged: [];
  badFile: [offset: number, track: number, path: string, violation: string];
  truncated: [at: number, size: number];
  indexNotFound: [requests: number];
  indexTooLarge: [bytes: number, max: number];
  codec: [ownPlayers: number, name: string, code: string];
  kind: [reason: string];
  encrypted: [scheme: string];
  noDescription: [];
  noSamples: [];
  edits: [reason: string];
  noMedia: [];
  brokenTrack: [offset: number, track: number, path: string, violation: string];
  missingTrack: [mediaType: number, ownPlayers: number, name: string, details: string];
  unsupported: [mime: string];
  bufferFull: [];
  decode: [browserMessage: string];
  mediaSource: [browserMessage: string];
  stalled: [...ranges: number[]];
}

/** Where in the film or its file, in the order of the codes, each with its number. */
export interface FaultLocations {
  time: [seconds: number];
  index: [];
  structure: [size: number];
  indexByte: [at: number];
  mediaByte: [at: number];
  tail: [bytes: number];
}
