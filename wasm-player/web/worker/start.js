// A start: what the edge sends in front of a film's bytes, and the first of them behind it. It plays
// before wasm is there, and wasm goes on where it stands. docs/formats.md has the form.

/** @import { SinkCalls, Started } from "../protocol/messages.js" */

import { gather, joined } from "../sink/sink-proxy.js";

/** Eighty seconds of headers have some 100 KB. */
const BOXES_BYTES_MAX = 1 << 20;
/** The player's first epoch. */
const EPOCH = 1;

/** @param {Uint8Array} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Boxes that are whole, and the one that the film's bytes are in, as soon as it begins.
 * @param {Uint8Array} bytes
 */
function* boxesOf(bytes) {
  const view = viewOf(bytes);
  for (let at = 0, size = 0; at + 8 <= bytes.length; at += size) {
    size = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (size < 8) throw new Error(`a box ${type} has no size`);
    if (type !== "byte" && at + size > bytes.length) return;
    yield { type, at, end: at + size, content: bytes.subarray(at + 8, at + size) };
  }
}

/** One answer, read as it comes. */
export class Start {
  /** @param {string} url */
  constructor(url) {
    this.controller = new AbortController();
    /** @type {Uint8Array[]} of the film, and with nobody yet */
    this.held = [];
    /** @type {number[]} lengths of the pieces that were appended before the player was there */
    this.appended = [];
    /** Appends done for the player, by lane. */
    this.done = [0, 0];
    this.hasBuffers = false;
    this.isTaken = false;
    /** @type {Promise<unknown>} of the steps, one behind the other */
    this.last = Promise.resolve();
    /** Like media, it stays out of the HTTP cache, which lets one request wait for another. */
    this.answer = fetch(url, { cache: "no-store", signal: this.controller.signal });
    /** @type {Promise<Started>} */
    this.parts = this.answer.then((answer) => this.#open(answer));
    this.parts.catch(() => {}); // Whoever takes it over hears of it.
  }

  /** @param {Response} answer @returns {Promise<Started>} */
  async #open(answer) {
    if (!answer.ok || !answer.body) throw answer.status;
    this.reader = answer.body.getReader();
    let bytes = new Uint8Array();
    for (;;) {
      let from = 0;
      let to = 0;
      let film;
      for (const { type, at, end, content } of boxesOf(bytes)) {
        if (type === "byte") {
          if (at + 8 < bytes.length) this.held.push(bytes.subarray(at + 8));
          return { film, url: answer.url, boxes: bytes.slice(from, at), length: end - at - 8 };
        }
        if (type === "film") {
          film = JSON.parse(new TextDecoder().decode(content));
          from = end;
        }
        to = end;
      }
      const { value } = await this.reader.read();
      if (!value) {
        if (to < bytes.length || !to) throw new Error("a start ends in mid-box");
        return { film, url: answer.url, boxes: bytes.slice(from, to), length: 0 };
      }
      bytes = joined(bytes, value);
      if (bytes.length > BOXES_BYTES_MAX + value.length) throw new Error("a start never begins");
    }
  }

  /**
   * One step at a time, so that pieces stay in order whoever takes them.
   * @template T @param {() => Promise<T>} work @returns {Promise<T>}
   */
  #step(work) {
    const step = this.last.then(work);
    this.last = step.catch(() => {});
    return step;
  }

  async #next() {
    const piece = this.held.shift();
    return piece ?? (await this.reader?.read())?.value;
  }

  /** The next piece, for the player; of those that were appended already it needs the length. */
  read() {
    return this.#step(async () => {
      const length = this.appended.shift();
      const value = length === undefined ? await this.#next() : { length };
      return /** @type {{ value: Uint8Array | undefined }} */ ({ value });
    });
  }

  /**
   * Keeps the first bytes of the film, and asks for no more of them.
   * @param {number} count
   */
  async hold(count) {
    const parts = await this.parts;
    let sum = this.held.reduce((sum, piece) => sum + piece.length, 0);
    while (!this.isTaken && sum < Math.min(count, parts.length)) {
      await this.#step(async () => {
        const piece = (await this.reader?.read())?.value;
        if (!piece) throw new Error("a start breaks off");
        this.held.push(piece);
        sum += piece.length;
      });
    }
    if (this.isTaken) return;
    // The player asks for the rest at once, when it comes to that.
    parts.length = Math.min(parts.length, sum);
    this.reader = undefined;
    this.controller.abort();
  }

  /**
   * Appends what comes, as the player does it, until that is there.
   * @param {Pick<SinkCalls, "addSourceBuffers" | "append">} sink @param {() => boolean} isOver
   */
  async play(sink, isOver) {
    const { boxes } = await this.parts;
    if (isOver() || !boxes.length) return;
    const first = firstOf(boxes);
    /** @param {number} lane @param {Uint8Array} bytes */
    const append = (lane, bytes) => {
      this.done[lane] = (this.done[lane] ?? 0) + 1;
      sink.append(lane, EPOCH, bytes);
    };
    this.hasBuffers = true;
    sink.addSourceBuffers(first.mimes[0], first.mimes[1], first.duration, first.begins);
    for (const [lane, bytes] of [...first.inits, ...first.headers]) append(lane, bytes.slice());
    let at = 0;
    let isThere = true;
    while (isThere && !isOver()) {
      await this.#step(async () => {
        const piece = await this.#next();
        isThere = piece !== undefined;
        if (!piece) return;
        if (isOver()) return void this.held.unshift(piece);
        const { length } = piece;
        for (const { lane, runs } of first.feeds) {
          const bytes = runs.length ? gathered(piece, runs, at) : piece;
          if (bytes.length) append(lane, bytes);
        }
        this.appended.push(length);
        at += length;
      });
    }
  }
}

/** What is appended of the first range. @param {Uint8Array} boxes */
function firstOf(boxes) {
  /** @type {Map<number, number>} lanes by track */
  const lanes = new Map();
  /** @type {Map<number, string>} */
  const types = new Map();
  /** @type {[string | undefined, string | undefined]} */
  const mimes = [undefined, undefined];
  /** @type {[number, Uint8Array][]} */
  const inits = [];
  /** @type {[number, Uint8Array][]} */
  const headers = [];
  /** Gathered ones first: the rest may then be given away as it is. */
  /** @type {{ lane: number, runs: [number, number][] }[]} */
  const feeds = [];
  let duration = 0;
  let begins = 0;
  let ranges = 0;
  for (const { type, content } of boxesOf(boxes)) {
    const view = viewOf(content);
    if (type === "ffst") {
      duration = Number(view.getBigUint64(4)) / 1000;
      begins = Number(view.getBigUint64(12)) / 1000;
    } else if (type === "trak") {
      lanes.set(view.getUint32(0), view.getUint32(4));
      types.set(view.getUint32(0), new TextDecoder().decode(content.subarray(24)));
    } else if (type === "init") {
      const track = view.getUint32(0);
      const lane = lanes.get(track) ?? 0;
      mimes[lane] = types.get(track);
      inits.push([lane, content.subarray(4)]);
    } else if (type === "rang") {
      ranges += 1;
    } else if (type === "frag" && ranges === 1) {
      const lane = lanes.get(view.getUint32(0)) ?? 0;
      const count = view.getUint32(12);
      /** @type {[number, number][]} */
      const runs = [];
      for (let i = 0; i < count; i++) {
        runs.push([view.getUint32(16 + i * 8), view.getUint32(20 + i * 8)]);
      }
      headers.push([lane, content.subarray(16 + count * 8)]);
      feeds.splice(runs.length ? 0 : feeds.length, 0, { lane, runs });
    }
  }
  return { duration, begins, mimes, inits, headers, feeds };
}

/**
 * What of these runs is in a piece that stands at `from` of its range.
 * @param {Uint8Array} piece @param {[number, number][]} runs @param {number} from
 */
function gathered(piece, runs, from) {
  const ends = [];
  for (const [at, size] of runs) {
    const start = Math.max(at - from, 0);
    const end = Math.min(at + size - from, piece.length);
    if (start < end) ends.push(start, end);
  }
  return gather(piece, ends);
}
