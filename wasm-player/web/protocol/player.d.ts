// What wasm-bindgen makes of src/browser/player.rs, as far as worker.js uses it.

import type { SinkCalls } from "./messages.js";

/** The other direction: what the player calls (src/browser/host.rs). */
export interface Host extends Omit<SinkCalls, "addSourceBuffers" | "append"> {
  now(): number;
  fetchStart(id: number, from: Float64Array): void;
  fetchHeaders(id: number, from: Float64Array, windows: number): void;
  fetch(id: number, start: number, end: number, isMedia: boolean): void;
  addSourceBuffers(video: string, audio: string, duration: number, begins: number): void;
  header(lane: number, epoch: number, bytes: Uint8Array): void;
  part(lane: number, epoch: number, start: number, end: number): void;
  gather(lane: number, epoch: number, ends: Uint32Array): void;
  read(id: number): void;
  cancel(id: number): void;
  wake(wait: number): void;
  startOver(time: number): void;
  nudge(time: number): void;
  resolve(): void;
  fault(
    kind: "waiting" | "notice" | "fallback" | "error",
    cause: string,
    first: string,
    second: string,
    number: number,
    limit: number,
    place: string,
    at: number,
  ): void;
}

export class Player {
  constructor(host: Host);
  free(): void;
  input(what: number, numbers: Float64Array, bytes: Uint8Array): void;
}

/** The same by names (inputs.js). Numbers come in the order in which they stand here. */
export interface Inputs {
  open(size: number, start: number, resolvable: boolean): void;
  resolved(size: number): void;
  resolveFailed(status: number): void;
  seek(time: number): void;
  position(time: number, playing: boolean): void;
  appended(lane: number, epoch: number, bytes: number, buffered: Float64Array): void;
  evicted(lane: number, buffered: Float64Array): void;
  quotaExceeded(lane: number, epoch: number): void;
  unsupported(lane: number): void;
  sinkFailed(): void;
  mediaFailed(): void;
  online(online: boolean): void;
  tick(): void;
  head(id: number, status: number, numbers: number[], validator: number): void;
  started(id: number, bytes: number, boxes: Uint8Array): void;
  indexBytes(id: number, bytes: Uint8Array): void;
  mediaBytes(id: number, length: number): void;
  fetchEnded(id: number): void;
  fetchFailed(id: number): void;
}

/** What the wasm has for its loader, among much for its glue. */
export interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  __wbindgen_start(): void;
}

export function __wbg_set_wasm(exports: Exports): void;
