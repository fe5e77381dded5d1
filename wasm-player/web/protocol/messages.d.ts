// The messages between the page and the worker, and the calls between the player and its Sink.

import type { FirstframeFault, FirstframeStats } from "./public-types.js";

/** A film that may be played soon. */
export interface PrepareMessage {
  type: "prepare" | "open";
  /** Absolute URL of the file; or `episode` is given. */
  src?: string;
  /** URL at which an edge has the headers of that file, if any does. */
  headers?: string;
  episode?: string;
  /** Origin of the API, without a slash at its end. */
  api: string;
  /** Where playback begins, in seconds. */
  start: number;
  /** Whether playback begins exactly there, and not at the key frame before. */
  exact?: boolean;
  /** Of requests to other origins. */
  credentials?: RequestCredentials;
  /** Whether no more than length, size and first picture are fetched before somebody plays. */
  isHeld?: boolean;
}

export interface OpenMessage extends PrepareMessage {
  type: "open";
  /** For tests: MediaSource on the page, although the worker could have it. */
  sinkOnPage: boolean;
  /** A start that the page has requested, and appends. */
  early?: EarlyStart;
}

/** A start that the page requested before the worker was there. */
export interface EarlyStart {
  url: string;
  /** Header fields of the response. */
  headers: [string, string][];
  head: StartHead;
}

/** Messages that the player is to know of. */
export type PlaybackMessage =
  | { type: "seek"; time: number; isFirst?: boolean }
  | { type: "position"; time: number; playing: boolean }
  | { type: "mediaElementFailed"; message: string }
  | { type: "sinkReport"; report: keyof SinkReports; args: unknown[] }
  | { type: "stats"; id: number };

export type ToWorker =
  | (PrepareMessage & { type: "prepare" })
  | OpenMessage
  | { type: "firstFrameShown" }
  /** What was held is fetched now. */
  | { type: "release" }
  /** Calls that the page made for the player, and lengths of the pieces that it appended. */
  | { type: "startTaken"; calls: number[]; lengths: number[] }
  /** The next piece of the page's start; none at its end. */
  | { type: "startPiece"; value?: Uint8Array; isFailed?: boolean }
  | PlaybackMessage;

export type ToPage =
  | { type: "mediaSourceHandle"; handle: MediaProvider }
  | { type: "makeSink" }
  | { type: "takeStart" | "readStart" | "cancelStart" }
  | { type: "sinkCall"; call: keyof SinkCalls; args: unknown[] }
  | { type: "fileUrl"; url: string }
  | { type: "firstFrameTime"; time: number }
  | { type: "startOver"; time: number }
  | { type: "nudge"; time: number }
  | { type: "fault"; kind: "waiting" | "notice" | "fallback" | "error"; fault: FirstframeFault }
  | { type: "stats"; id: number; stats: FirstframeStats }
  | { type: "broken"; message: string };

/** Posts a message to the page. */
export type Post = (message: ToPage, transfer?: Transferable[]) => void;

/** The calls to a Sink, in the worker or on the page. `mediaType`: 0 video, 1 audio. */
export interface SinkCalls {
  /** MIME types, undefined for a buffer that is not wanted; times in seconds. */
  addSourceBuffers(
    video: string | undefined,
    audio: string | undefined,
    duration: number,
    firstFrameTime: number,
  ): void;
  append(mediaType: number, epoch: number, bytes: Uint8Array): void;
  retryAppend(mediaType: number): void;
  abortAppend(mediaType: number): void;
  remove(mediaType: number, start: number, end: number): void;
  endOfStream(): void;
}

/** What a Sink reports, never from inside a call to it. `buffered`: start, end, … in seconds. */
export interface SinkReports {
  appended(mediaType: number, epoch: number, bytes: number, buffered: Float64Array): void;
  removed(mediaType: number, buffered: Float64Array): void;
  quotaExceeded(mediaType: number, epoch: number): void;
  unsupported(mime: string): void;
  mediaSourceFailed(message: string): void;
}

/** Passes a report on. */
export type Report = <R extends keyof SinkReports>(
  report: R,
  ...args: Parameters<SinkReports[R]>
) => void;

/** The fields of the edge's answer about an episode that the player reads. */
export interface Stream {
  preferredStream?: { url: string; sizeBytes: number };
  start?: { startUrl: string; headersUrl: string };
}

/** What a start has in front of the film's bytes (docs/formats.md). */
export interface StartHead {
  /** The film's URL, if the page gave its episode. */
  film?: Stream;
  /** Base of the relative URLs in it. */
  url: string;
  /** Empty where the film has no headers. */
  boxes: Uint8Array;
  /** How many bytes of the film follow. */
  length: number;
  /** Where they begin in the response. */
  mediaAt: number;
}

/** The worker's global scope, which TypeScript cannot name beside the page's. */
export interface WorkerScope {
  postMessage(message: ToPage, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
  addEventListener(type: "online" | "offline", listener: () => void): void;
}
