// A start: headers of a film's first window, and its bytes behind them, in one response of the edge.
// Its bytes are appended before wasm is there, and the player goes on from them. docs/formats.md has
// the form.

/** @import { SinkCalls, StartHead } from "../protocol/messages.js" */

import { gather, joined } from "../sink/sink-proxy.js";

/** Eighty seconds of headers have some 100 KB. */
const BOXES_BYTES_MAX = 1 << 20;
/** The player's first epoch. */
const EPOCH = 1;

/** @param {Uint8Array} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The complete boxes, and the one that holds the film's bytes as soon as it begins.
 * @param {Uint8Array} bytes
 */
function* boxesOf(bytes) {
  const view = viewOf(bytes);
  for (let at = 0, size = 0; at + 8 <= bytes.length; at += size) {
    size = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (size < 8) throw new Error(`box ${type} has size ${size}`);
    if (type !== "byte" && at + size > bytes.length) return;
    yield { type, at, end: at + size, content: bytes.subarray(at + 8, at + size) };
  }
}

/**
 * What is in front of the film's bytes; undefined while it is incomplete.
 * @param {Uint8Array} bytes @param {boolean} isAll whether the response ends with them
 * @param {string} url
 * @returns {StartHead | undefined}
 */
function parseHead(bytes, isAll, url) {
  let from = 0;
  let to = 0;
  let film;
  for (const { type, at, end, content } of boxesOf(bytes)) {
    if (type === "byte") {
      return { film, url, boxes: bytes.slice(from, at), length: end - at - 8, mediaAt: at + 8 };
    }
    if (type === "film") {
      film = JSON.parse(new TextDecoder().decode(content));
      from = end;
    }
    to = end;
  }
  if (!isAll) return;
  if (to < bytes.length || !to) throw new Error("the start ends within a box");
  return { film, url, boxes: bytes.slice(from, to), length: 0, mediaAt: to };
}

/** What was appended of a start before the player was there. */
export class AppendedStart {
  /** Calls made for the player before it was there: appends by media type, `addSourceBuffers`. */
  calls = [0, 0, 0];
  /** @type {number[]} of the pieces that were appended and are not yet given to the player */
  appendedLengths = [];

  /**
   * Whether this call of the player was made before it was there. Each check counts one call.
   * @param {number} call an append's media type, or 2 for `addSourceBuffers`
   */
  replays(call) {
    const count = this.calls[call] ?? 0;
    if (count) this.calls[call] = count - 1;
    return count > 0;
  }
}

/** One start, read as it comes. */
export class Start extends AppendedStart {
  /** @type {Uint8Array[]} bytes of the film that were read and neither appended nor given away */
  #unread = [];
  /** @type {ReadableStreamDefaultReader<Uint8Array> | undefined} */
  #reader;
  /**
   * Requests the film's bytes behind those of this response.
   * @type {(() => Promise<ReadableStreamDefaultReader<Uint8Array>>) | undefined}
   */
  requestRest;
  /** It is played now: `prefetch` ends. */
  isTaken = false;
  /** @type {Promise<unknown>} the last of the steps, which follow each other */
  #lastStep = Promise.resolve();

  /** @param {string} url @param {RequestCredentials} [credentials] */
  constructor(url, credentials) {
    super();
    this.url = url;
    this.controller = new AbortController();
    /** Like media, it stays out of the HTTP cache, which lets one request wait for another. */
    this.response = fetch(url, { cache: "no-store", credentials, signal: this.controller.signal });
    /** @type {Promise<StartHead>} */
    this.head = this.response.then((response) => this.#readHead(response));
    this.head.catch(() => {}); // The player gets the error with the start.
  }

  /** @param {Response} response @returns {Promise<StartHead>} */
  async #readHead(response) {
    if (!response.ok || !response.body) throw response.status;
    this.#reader = response.body.getReader();
    let bytes = new Uint8Array();
    for (;;) {
      const { value } = await this.#reader.read();
      bytes = value ? joined(bytes, value) : bytes;
      const head = parseHead(bytes, !value, response.url);
      if (head) {
        if (head.mediaAt < bytes.length) this.#unread.push(bytes.subarray(head.mediaAt));
        return head;
      }
      if (bytes.length > BOXES_BYTES_MAX) throw new Error("the headers of the start exceed 1 MiB");
    }
  }

  /**
   * One step at a time, so that pieces stay in order whoever reads them.
   * @template T @param {() => Promise<T>} work @returns {Promise<T>}
   */
  #step(work) {
    const step = this.#lastStep.then(work);
    this.#lastStep = step.catch(() => {});
    return step;
  }

  async #next() {
    const piece = this.#unread.shift() ?? (await this.#reader?.read())?.value;
    if (piece || !this.requestRest) return piece;
    this.#reader = await this.requestRest();
    this.requestRest = undefined;
    return (await this.#reader.read()).value;
  }

  /** The next piece, for the player; a piece that was appended already is only a length. */
  read() {
    return this.#step(async () => {
      const length = this.appendedLengths.shift();
      const value = length === undefined ? await this.#next() : { length };
      return /** @type {{ value: Uint8Array | undefined }} */ ({ value });
    });
  }

  /** Reads the first bytes of the film, and ends the request. @param {number} count */
  async prefetch(count) {
    const head = await this.head;
    let sum = this.#unread.reduce((sum, piece) => sum + piece.length, 0);
    while (!this.isTaken && sum < Math.min(count, head.length)) {
      await this.#step(async () => {
        const piece = (await this.#reader?.read())?.value;
        if (!piece) throw new Error("the start ends early");
        this.#unread.push(piece);
        sum += piece.length;
      });
    }
    if (this.isTaken) return;
    // The player requests the rest as soon as it needs it.
    head.length = Math.min(head.length, sum);
    this.#reader = undefined;
    this.controller.abort();
  }

  /**
   * Appends what comes, as the player would, until the player is there.
   * @param {Pick<SinkCalls, "addSourceBuffers" | "append">} sink @param {() => boolean} isOver
   */
  async play(sink, isOver) {
    const { boxes } = await this.head;
    if (isOver() || !boxes.length) return;
    const { mimes: [video, audio], duration, firstFrameTime, headers, feeds } = firstWindow(boxes);
    /** @param {number} mediaType @param {Uint8Array} bytes */
    const append = (mediaType, bytes) => {
      this.calls[mediaType] = (this.calls[mediaType] ?? 0) + 1;
      sink.append(mediaType, EPOCH, bytes);
    };
    this.calls[2] = 1;
    sink.addSourceBuffers(video, audio, duration, firstFrameTime);
    for (const [mediaType, bytes] of headers) append(mediaType, bytes.slice());
    let at = 0;
    for (let isOpen = true; isOpen && !isOver();) {
      await this.#step(async () => {
        const piece = await this.#next();
        isOpen = piece !== undefined;
        if (!piece) return;
        if (isOver()) return void this.#unread.unshift(piece);
        const { length } = piece;
        for (const { mediaType, runs } of feeds) {
          const bytes = runs.length ? gatherRuns(piece, runs, at) : piece;
          if (bytes.length) append(mediaType, bytes);
        }
        this.appendedLengths.push(length);
        at += length;
      });
    }
  }

  /** What was appended, for a worker that goes on from there. */
  handOver() {
    return { calls: this.calls.splice(0), lengths: this.appendedLengths.splice(0) };
  }
}

/**
 * What is appended of the first window. `feeds`: which bytes go to which buffer. Those that are
 * gathered come first, because a piece that is appended whole may be transferred.
 * @param {Uint8Array} boxes
 */
function firstWindow(boxes) {
  /** @type {Map<number, { mediaType: number, mime: string }>} */
  const tracks = new Map();
  /** @param {DataView} view its box begins with a track's id */
  const track = (view) => tracks.get(view.getUint32(0)) ?? { mediaType: 0, mime: undefined };
  /** @type {[string | undefined, string | undefined]} by media type */
  const mimes = [undefined, undefined];
  /** @type {[number, Uint8Array][]} init segments by media type */
  const inits = [];
  /** @type {[number, Uint8Array][]} headers of fragments by media type */
  const headers = [];
  /** @type {{ mediaType: number, runs: [number, number][] }[]} */
  const feeds = [];
  let [duration, firstFrameTime] = [0, 0];
  let ranges = 0;
  for (const { type, content } of boxesOf(boxes)) {
    const view = viewOf(content);
    if (type === "ffst") {
      duration = Number(view.getBigUint64(4)) / 1000;
      firstFrameTime = Number(view.getBigUint64(12)) / 1000;
    } else if (type === "trak") {
      const mime = new TextDecoder().decode(content.subarray(24));
      tracks.set(view.getUint32(0), { mediaType: view.getUint32(4), mime });
    } else if (type === "init") {
      const { mediaType, mime } = track(view);
      mimes[mediaType] = mime;
      inits.push([mediaType, content.subarray(4)]);
    } else if (type === "rang") {
      ranges += 1;
    } else if (type === "frag" && ranges === 1) {
      const { mediaType } = track(view);
      const runs = runsOf(view);
      headers.push([mediaType, content.subarray(16 + runs.length * 8)]);
      feeds.splice(runs.length ? 0 : feeds.length, 0, { mediaType, runs });
    }
  }
  return { duration, firstFrameTime, mimes, headers: [...inits, ...headers], feeds };
}

/** The bytes of a film that the first window needs: the first, and one past the last. @param {Uint8Array} boxes */
export function firstRange(boxes) {
  for (const { type, content } of boxesOf(boxes)) {
    if (type !== "rang") continue;
    const view = viewOf(content);
    return [Number(view.getBigUint64(0)), Number(view.getBigUint64(8))];
  }
  return [0, 0];
}

/** Offset and size of each run of a fragment in its range. @param {DataView} frag */
function runsOf(frag) {
  /** @type {[number, number][]} */
  const runs = [];
  for (let i = 0; i < frag.getUint32(12); i++) {
    runs.push([frag.getUint32(16 + i * 8), frag.getUint32(20 + i * 8)]);
  }
  return runs;
}

/**
 * The parts of these runs that are in a piece, which begins at `from` of its range.
 * @param {Uint8Array} piece @param {[number, number][]} runs @param {number} from
 */
function gatherRuns(piece, runs, from) {
  const ends = [];
  for (const [at, size] of runs) {
    const start = Math.max(at - from, 0);
    const end = Math.min(at + size - from, piece.length);
    if (start < end) ends.push(start, end);
  }
  return gather(piece, ends);
}
