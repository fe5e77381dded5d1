// What the page and the worker say to each other.

import type { FirstframeFault, FirstframeStats } from "./public-types.js";

/** What may be played soon. */
export interface PrepareMessage {
  type: "prepare" | "open";
  /** Absolute URL of the file; or `episode` is given. */
  src?: string;
  /** Where headers of that file are made, if anywhere. */
  headers?: string;
  episode?: string;
  /** Origin of the API, without a slash at its end. */
  api: string;
  /** Where playback begins, in seconds. */
  start: number;
  /** Whether it begins there, and not at the key frame before it. */
  exact?: boolean;
}

export interface OpenMessage extends PrepareMessage {
  type: "open";
  /** For tests: MediaSource on the page although the worker could have it. */
  sinkOnPage: boolean;
}

export type ToWorker =
  | (PrepareMessage & { type: "prepare" })
  | OpenMessage
  | { type: "seek"; time: number }
  | { type: "position"; time: number; playing: boolean }
  | { type: "firstFrameShown" }
  | { type: "mediaFailed"; message: string }
  | { type: "report"; call: keyof SinkReports; args: unknown[] }
  | { type: "stats"; id: number };

export type SinkCall = keyof SinkCalls;

/** What a Sink does, wherever it lives. `lane`: 0 video, 1 audio. */
export interface SinkCalls {
  /** MIME types, none for a buffer that is not wanted; seconds. */
  addSourceBuffers(
    video: string | undefined,
    audio: string | undefined,
    duration: number,
    begins: number,
  ): void;
  append(lane: number, epoch: number, bytes: Uint8Array): void;
  retryAppend(lane: number): void;
  abortAppend(lane: number): void;
  evict(lane: number, start: number, end: number): void;
  endOfStream(): void;
}

/** What a Sink reports, never from inside a call to it. `buffered`: start, end, … in seconds. */
export interface SinkReports {
  appended(lane: number, epoch: number, bytes: number, buffered: Float64Array): void;
  evicted(lane: number, buffered: Float64Array): void;
  quotaExceeded(lane: number, epoch: number): void;
  unsupported(mime: string): void;
  sinkFailed(message: string): void;
}

/** What the edge says of an episode, as far as the player reads it. */
export interface Stream {
  preferredStream?: { url: string; sizeBytes: number };
  start?: { startUrl: string; headersUrl: string };
}

/** What a start has in front of the film's bytes. */
export interface Started {
  /** Where the film is, if it was asked for by its episode. */
  film?: Stream;
  /** What relative URLs in it are relative to. */
  url: string;
  /** None where no headers of it are made. */
  boxes: Uint8Array;
  /** Bytes of the film behind them. */
  length: number;
}

export type ToPage =
  | { type: "handle"; handle: MediaProvider }
  | { type: "sinkOnPage" }
  | { type: "sink"; call: SinkCall; args: unknown[] }
  | { type: "located"; url: string }
  | { type: "begins"; time: number }
  | { type: "startOver"; time: number }
  | { type: "nudge"; time: number }
  | { type: "fault"; kind: "waiting" | "notice" | "fallback" | "error"; fault: FirstframeFault }
  | { type: "stats"; id: number; stats: FirstframeStats }
  | { type: "broken"; message: string };

/** The worker's global scope, which TypeScript cannot name beside the page's. */
export interface WorkerScope {
  postMessage(message: ToPage, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
  addEventListener(type: "online" | "offline", listener: () => void): void;
}
