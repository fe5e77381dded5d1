// The others: what each can do of the same work. What is left out, it cannot do: none of them makes
// a header without the media behind it, and the crates write no fragments.

import { createFile } from "mp4box";
import * as mb from "mediabunny";
import { PIECE_BYTES, least } from "./film.mjs";

const RUNS = 5;

/** Bytes held, after what can go has gone. */
function heldBytes() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * How long it takes to index, and what is then held, by the best of some runs. Each gets a copy
 * of the `moov`, which counts as held for as long as it is.
 * @param {import("./film.mjs").Film} film
 * @param {(moov: Uint8Array<ArrayBuffer>) => unknown} index
 */
async function indexing(film, index) {
  const times = [];
  let memory = 0;
  for (let i = 0; i < RUNS; i++) {
    const before = heldBytes();
    const moov = film.tail.slice();
    const startMs = performance.now();
    const held = await index(moov);
    times.push(performance.now() - startMs);
    // Later ones may be measured while an earlier one is still held.
    memory ||= heldBytes() - before;
    if (!held) throw new Error("nothing was read");
  }
  return { index_ms: least(times), index_memory_bytes: memory };
}

/** @param {import("./film.mjs").Film} film */
function mediabunnyInput(film, moov = film.tail) {
  const read = (start, end) =>
    start >= film.tailAt ? moov.subarray(start - film.tailAt, end - film.tailAt) : film.read(start, end);
  const source = new mb.CustomSource({ getSize: () => film.size, read });
  return new mb.Input({ source, formats: [mb.MP4] });
}

/** @param {import("./film.mjs").Film} film */
export async function mediabunny(film, withRemux) {
  const results = await indexing(film, async (moov) => {
    const input = mediabunnyInput(film, moov);
    // It reads a track's tables at their first use.
    for (const track of [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()]) {
      await new mb.EncodedPacketSink(track).getFirstPacket({ metadataOnly: true });
    }
    return input;
  });
  if (!withRemux) return results;
  const input = mediabunnyInput(film);
  let writtenBytes = 0;
  const sink = new WritableStream({ write: ({ data }) => { writtenBytes += data.length; } });
  const format = new mb.Mp4OutputFormat({ fastStart: "fragmented" });
  const output = new mb.Output({ format, target: new mb.StreamTarget(sink) });
  const startMs = performance.now();
  const conversion = await mb.Conversion.init({ input, output, showWarnings: false });
  await conversion.execute();
  const bytes = film.tailAt - film.head.length;
  const speed = bytes / (performance.now() - startMs) / 1e3;
  if (writtenBytes < bytes * 0.99) throw new Error(`it wrote ${writtenBytes} of ${bytes} bytes`);
  return { ...results, remux_mb_s: speed };
}

/** @param {import("./film.mjs").Film} film */
export async function mp4box(film, withRemux) {
  const open = (moov) => {
    const file = createFile();
    let info;
    file.onReady = (ready) => { info = ready; };
    file.onError = (error) => { throw new Error(`${error}`); };
    append(file, film.head.slice(), 0);
    append(file, moov, film.tailAt);
    return info && { file, info };
  };
  const results = await indexing(film, open);
  if (!withRemux) return results;
  const startMs = performance.now();
  const { file, info } = open(film.tail.slice());
  let time = performance.now() - startMs;
  let writtenBytes = 0;
  const pieces = (_id, _user, buffer, sample) => {
    writtenBytes += buffer.byteLength;
    file.releaseUsedSamples(_id, sample);
  };
  file.onSegment = pieces;
  for (const track of info.tracks) file.setSegmentOptions(track.id, null, { nbSamples: 48 });
  file.initializeSegmentation();
  file.start();
  for (let at = film.head.length; at < film.tailAt; at += PIECE_BYTES) {
    // It wants a buffer of its own, as a network gives it.
    const piece = film.read(at, Math.min(at + PIECE_BYTES, film.tailAt)).slice();
    const from = performance.now();
    append(file, piece, at);
    time += performance.now() - from;
  }
  const last = performance.now();
  file.flush();
  time += performance.now() - last;
  const bytes = film.tailAt - film.head.length;
  if (writtenBytes < bytes * 0.97) throw new Error(`it wrote ${writtenBytes} of ${bytes} bytes`);
  return { ...results, remux_mb_s: bytes / time / 1e3 };
}

/** @param {any} file @param {Uint8Array} bytes @param {number} at */
function append(file, bytes, at) {
  file.appendBuffer(Object.assign(bytes.buffer, { fileStart: at }));
}

/** @param {import("./film.mjs").Film} film @param {WebAssembly.Module} module */
export async function crate(film, module) {
  const ftyp = film.head.subarray(0, new DataView(film.head.buffer).getUint32(0));
  const size = ftyp.length + film.tail.length;
  const times = [];
  let memory = 0;
  for (let i = 0; i < RUNS; i++) {
    const { exports: wasm } = await WebAssembly.instantiate(module);
    const before = wasm.memory.buffer.byteLength;
    const startMs = performance.now();
    const room = wasm.room(size);
    const place = new Uint8Array(wasm.memory.buffer, room, size);
    place.set(ftyp);
    place.set(film.tail, ftyp.length);
    if (wasm.index() < 0) throw new Error("it does not read the file");
    times.push(performance.now() - startMs);
    memory = wasm.memory.buffer.byteLength - before;
  }
  return { index_ms: least(times), index_memory_bytes: memory };
}
