// What the page and the worker say to each other.

import type { FirstframeFault, FirstframeStats } from "./element.js";
import type { Sink, SinkReports } from "./sink.js";

export interface OpenMessage {
  type: "open";
  /** Absolute URL of the file; or `episode` is given. */
  src?: string;
  episode?: string;
  /** Origin of the API, without a slash at its end. */
  api: string;
  /** Where playback begins, in seconds. */
  start: number;
  /** For tests: MediaSource on the page although the worker could have it. */
  sinkOnPage: boolean;
}

export type ToWorker =
  | OpenMessage
  | { type: "seek"; time: number }
  | { type: "position"; time: number; playing: boolean }
  | { type: "mediaFailed"; message: string }
  | { type: "report"; call: keyof SinkReports; args: unknown[] }
  | { type: "stats"; id: number };

export type SinkCall =
  | "addSourceBuffers"
  | "append"
  | "retryAppend"
  | "abortAppend"
  | "evict"
  | "endOfStream";

/** The calls that go to whichever Sink there is. */
export type SinkCalls = Pick<Sink, SinkCall>;

export type ToPage =
  | { type: "handle"; handle: MediaProvider }
  | { type: "sinkOnPage" }
  | { type: "sink"; call: SinkCall; args: unknown[] }
  | { type: "located"; url: string }
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
