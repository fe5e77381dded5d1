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
  addSourceBuffers(
    video: string,
    audio: string,
    durationS: number,
    firstFrameS: number,
    offsetS: number,
  ): void;
  appendHeader(mediaType: number, epoch: number, bytes: Uint8Array): void;
  appendPart(mediaType: number, epoch: number, start: number, end: number): void;
  appendParts(mediaType: number, epoch: number, ends: Uint32Array): void;
  read(id: number): void;
  cancel(id: number): void;
  wake(waitMs: number): void;
  startOver(timeS: number): void;
  nudge(timeS: number): void;
  resolve(): void;
  /**
   * Codes of codes.js; `numbers`: those of the location, then of the cause; then its texts, and their
   * addresses: of a text that was taken out of the module, zeros are left.
   */
  fault(
    kind: number,
    cause: number,
    location: number,
    numbers: Float64Array,
    first: string,
    second: string,
    firstAt: number,
    secondAt: number,
  ): void;
}

/** Makes the player of the module that was set last. */
export function connect(host: Host): void;
export function input(code: number, numbers: Float64Array, bytes: Uint8Array): void;

/** Texts that were taken out of a module, by their addresses. */
export type Texts = { [address: number]: string };

/** One of the two modules, ready to make one player. */
export interface PlayerModule {
  exports: Exports;
  texts: () => Promise<{ TEXTS: Texts }>;
  /** The viewer's, as tracks name theirs, one behind the other. */
  languages?: Uint8Array | undefined;
}

/** A player, its inputs by name. */
export interface LoadedPlayer extends Inputs {
  memory: WebAssembly.Memory;
}

/** The exports that the loader uses. */
export interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  __wbindgen_start(): void;
}

export function __wbg_set_wasm(exports: Exports): void;
