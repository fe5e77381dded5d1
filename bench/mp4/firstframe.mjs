// Firstframe as a page has it: headers from wasm in the wire form, video as it comes, audio cut out
// of the same pieces. And a memcpy through wasm: the lower bound for a design that copies media.

import { PIECE_BYTES, least, most } from "./film.mjs";

const RUNS = 25;

/** @typedef {(track: number, bytes: Uint8Array) => void} Append */

/** @param {WebAssembly.Module} module */
const start = async (module) => (await WebAssembly.instantiate(module)).exports;

/** @param {any} wasm @param {Uint8Array} moov */
function index(wasm, moov) {
  const room = wasm.room(moov.length);
  new Uint8Array(wasm.memory.buffer, room, moov.length).set(moov);
  if (wasm.index() < 0) throw new Error("the index cannot be read");
}

/**
 * The fetches of an answer, each with its fragments.
 * @param {any} wasm @param {number} size
 */
function read(wasm, size) {
  const bytes = new Uint8Array(wasm.memory.buffer, wasm.answered(), size).slice();
  const view = new DataView(bytes.buffer);
  const fetches = [];
  for (let at = 0; at < size; at += view.getUint32(at)) {
    const type = view.getUint32(at + 4);
    if (type === 0x72616e67) { // rang
      const [from, to] = [at + 8, at + 16].map((at) => Number(view.getBigUint64(at)));
      fetches.push({ from, to, fragments: [] });
    } else if (type === 0x66726167) { // frag
      const runs = view.getUint32(at + 20);
      const header = bytes.subarray(at + 24 + runs * 8, at + view.getUint32(at));
      const gather = runs && new Gather(view, at + 24, runs);
      fetches.at(-1).fragments.push({ track: view.getUint32(at + 8), header, gather });
    }
  }
  return fetches;
}

/** Cuts runs out of the pieces of a range. */
class Gather {
  /** @param {DataView} view @param {number} at @param {number} runs */
  constructor(view, at, runs) {
    this.view = view;
    this.at = at;
    this.end = at + runs * 8;
    let size = 0;
    for (let run = at; run < this.end; run += 8) size += view.getUint32(run + 4);
    this.bytes = new Uint8Array(size);
    this.size = 0;
  }

  /** @param {number} from where the piece lies in the range @param {Uint8Array} piece */
  take(from, piece) {
    const { view, bytes, end, size: before } = this;
    const to = from + piece.length;
    for (; this.at < end; this.at += 8) {
      const start = view.getUint32(this.at);
      const stop = start + view.getUint32(this.at + 4);
      if (start >= to) break;
      const cut = piece.subarray(Math.max(start, from) - from, Math.min(stop, to) - from);
      bytes.set(cut, this.size);
      this.size += cut.length;
      if (stop > to) break;
    }
    return bytes.subarray(before, this.size);
  }
}

/** @param {import("./film.mjs").Film} film @param {any} wasm @param {Append} append */
function remux(film, wasm, append) {
  let copied = 0;
  let fetched = 0;
  for (let size = wasm.at(0); size > 0; size = wasm.next()) {
    for (const { from, to, fragments } of read(wasm, size)) {
      for (const { track, header } of fragments) append(track, header);
      let at = 0;
      for (const piece of film.pieces(from, to)) {
        for (const { track, gather } of fragments) {
          const bytes = gather ? gather.take(at, piece) : piece;
          if (gather) copied += bytes.length;
          append(track, bytes);
        }
        at += piece.length;
      }
      fetched += to - from;
    }
  }
  return { copied, fetched };
}

/** Appended bytes, by track. */
function counter() {
  const bytes = [0, 0];
  return { bytes, append: (track, part) => { bytes[track] += part.length; } };
}

/** @param {import("./film.mjs").Film} film @param {WebAssembly.Module} module */
export async function firstframe(film, module) {
  const times = [];
  let wasm;
  let before = 0;
  for (let i = 0; i < RUNS; i++) {
    wasm = await start(module);
    before = wasm.memory.buffer.byteLength;
    const startMs = performance.now();
    index(wasm, film.tail);
    times.push(performance.now() - startMs);
  }
  const memory = wasm.memory.buffer.byteLength - before;
  const at = wasm.duration_ms() * 0.7;
  const lookups = [];
  for (let i = 0; i < RUNS; i++) {
    const startMs = performance.now();
    const fetches = read(wasm, wasm.at(at));
    lookups.push(performance.now() - startMs);
    if (fetches.length === 0) throw new Error("there is no window at 70 %");
  }
  const speeds = [];
  let results = { copied: 0, fetched: 1 };
  for (let i = 0; i < 5; i++) {
    const { bytes, append } = counter();
    const startMs = performance.now();
    results = remux(film, wasm, append);
    speeds.push(results.fetched / (performance.now() - startMs) / 1e3);
    // All of the media goes to the pictures' buffer, and of the sound all that was copied.
    if (bytes[0] < results.fetched || bytes[1] < results.copied || results.fetched < film.tailAt * 0.99) {
      throw new Error("bytes are missing");
    }
  }
  return {
    index_ms: least(times),
    index_memory_bytes: memory,
    headers_at_70_ms: least(lookups),
    remux_mb_s: most(speeds),
    copied_ratio: results.copied / results.fetched,
  };
}

/** @param {import("./film.mjs").Film} film @param {WebAssembly.Module} module */
export async function memcpy(film, module) {
  const wasm = await start(module);
  const speeds = [];
  let copied = 0;
  let fetched = 0;
  for (let i = 0; i < 5; i++) {
    const { append } = counter();
    const startMs = performance.now();
    const room = wasm.room(PIECE_BYTES);
    copied = fetched = 0;
    for (const piece of film.pieces(film.head.length, film.tailAt)) {
      const place = new Uint8Array(wasm.memory.buffer, room, piece.length);
      place.set(piece);
      append(0, place.slice());
      copied += 2 * piece.length;
      fetched += piece.length;
    }
    speeds.push(fetched / (performance.now() - startMs) / 1e3);
  }
  return { remux_mb_s: most(speeds), copied_ratio: copied / fetched };
}
