// The wasm player as the worker sees it: what wasm-bindgen makes of src/browser.

import type { Inputs } from "./codes.js";
import type { SinkCalls } from "./messages.js";

/**
 * What the player calls (src/browser/host.rs). `mediaType`: 0 video, 1 audio. Slices lie in wasm
 * memory, and are valid until the call returns.
 */
export interface Host extends Omit<SinkCalls, "addSourceBuffers" | "append"> {
  now(): number;
  /** `from`: one number is a time in milliseconds, five are a cursor. */
  fetchStart(id: number, from: Float64Array): void;
  fetchHeaders(id: number, from: Float64Array, windows: number): void;
  /** Bytes from `start` to before `end`; the last `-start` bytes where that is below 0. */
  fetch(id: number, start: number, end: number, isMedia: boolean): void;
  /** Empty: no such buffer. */
  addSourceBuffers(video: string, audio: string, durationS: number, firstFrameS: number): void;
  appendHeader(mediaType: number, epoch: number, bytes: Uint8Array): void;
  appendPart(mediaType: number, epoch: number, start: number, end: number): void;
  appendParts(mediaType: number, epoch: number, ends: Uint32Array): void;
  read(id: number): void;
  cancel(id: number): void;
  wake(waitMs: number): void;
  startOver(timeS: number): void;
  nudge(timeS: number): void;
  resolve(): void;
  /** Codes of codes.js; `numbers`: those of the location, then of the cause; then its texts. */
  fault(
    kind: number,
    cause: number,
    location: number,
    numbers: Float64Array,
    first: string,
    second: string,
  ): void;
}

export class Player {
  constructor(host: Host);
  free(): void;
  input(code: number, numbers: Float64Array, bytes: Uint8Array): void;
}

/** One of the two modules, ready to make a player. */
export interface PlayerModule {
  Player: typeof Player;
  /** The viewer's, as tracks name theirs, one behind the other. */
  languages?: Uint8Array | undefined;
  memory: WebAssembly.Memory;
}

/** A player, its inputs by name. */
export interface LoadedPlayer extends Inputs {
  memory: WebAssembly.Memory;
  free(): void;
}

/** The exports that the loader uses. */
export interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  __wbindgen_start(): void;
}

export function __wbg_set_wasm(exports: Exports): void;
