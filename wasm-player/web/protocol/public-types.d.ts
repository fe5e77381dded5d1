// What users of <firstframe-video> get from its events and from `stats()`.

/** What went wrong, where, and what the person can do. */
export interface FirstframeFault {
  /** Stable, for programs: `network`, `not_found`, `forbidden`, `bad_file`, `unplayable`, … */
  code: string;
  /** A sentence for people: what happened. */
  message: string;
  where: string;
  /** What the person can do. */
  advice: string;
  /** A technical line, for whoever mends it; empty where the code says all. */
  details: string;
}

export interface FirstframeRequest {
  /** As sent: `bytes=0-262143`, `bytes=-524288`; or `start`, or `headers`. */
  range: string;
  purpose: "index" | "media";
  /** On the worker's clock. */
  sentMs: number;
  /** From sending to the answer's head; null while there is none. */
  headMs: number | null;
  /** HTTP status; 0 while there is none. */
  status: number;
  /** Bytes of its body so far. */
  bytes: number;
}

export interface FirstframeStats {
  /** The first thousand requests. */
  requests: FirstframeRequest[];
  requestCount: number;
  bytesFetched: number;
  /** Headers included. */
  bytesAppended: number;
  /** Bytes of the file's head, tail and index that were copied into wasm memory. */
  indexBytesInWasm: number;
  /** Bytes of pictures and sound that were copied into wasm memory: 0. */
  mediaBytesInWasm: number;
  wasmMemoryBytes: number;
  /** Seconds by which the film's times were moved, so that it begins at 0: its own time is this plus `currentTime`. */
  timelineOffset: number;
}
