// The requests of one playback: their URLs, those sent before wasm is there, those under way, and
// the counters of `stats()`.

/** @import { FirstframeRequest } from "../protocol/public-types.js" */
/** @import { OpenMessage, Post, PrepareMessage, Stream } from "../protocol/messages.js" */
/** @import { Inputs } from "../protocol/codes.js" */
/** @import { PageStart } from "./page-start.js" */
/** @import { Start } from "./start.js" */

import { released } from "./hold.js";

/** @param {PrepareMessage} message */
export const streamUrl = ({ api, episode = "" }) => `${api}/api/v2/stream/${encodeURIComponent(episode)}`;

/**
 * Of a start or of headers: what begins at a time in milliseconds, or at a cursor of five numbers.
 * @param {string} base @param {ArrayLike<number>} from
 */
function urlFrom(base, from) {
  const url = new URL(base);
  url.searchParams.delete("at");
  if (from.length > 1) url.searchParams.set("from", Array.from(from).join("."));
  else url.searchParams.set("at", ((from[0] ?? 0) / 1000).toFixed(3));
  return url.href;
}

/** @param {PrepareMessage} message @param {ArrayLike<number>} from */
const firstUrl = (message, from) => urlFrom(message.headers ?? `${streamUrl(message)}/start`, from);

/** Round trip above which a start of more than the first frame is worth its bytes. */
const HIGH_RTT_MS = 200;
/** What the browser knows of the network; only Chromium has this. */
const connection = Reflect.get(navigator, "connection");

/**
 * The URL of a film's start. At a click it ends at the bytes that the episode's first frame
 * needs; a prepared start is longer, because nobody waits for it.
 * @param {PrepareMessage} message
 */
export function openingUrl(message) {
  const url = firstUrl(message, [Math.round(message.start * 1000)]);
  const isSlow = connection?.rtt > HIGH_RTT_MS;
  const isShort = message.type === "open" && message.episode !== undefined && !message.exact;
  // A browser that is paused wants a frame more before it shows the first.
  if (message.isHeld) return `${url}&until=still`;
  return isShort && !isSlow ? `${url}&until=picture` : url;
}

/** The film of a playback: what the page requested, and the URL of its file once that is known. */
export class Film {
  /** @param {OpenMessage} message */
  constructor(message) {
    const { src, headers } = message;
    this.message = message;
    credentials = message.credentials;
    /** @type {{ url: string, size?: number, startUrl?: string, headersUrl?: string } | undefined} */
    this.file = src === undefined ? undefined : { url: src, startUrl: headers, headersUrl: headers };
  }

  /** Stores the file's URL from the edge's response. @param {Stream} stream @param {string} base */
  locate({ preferredStream, start }, base) {
    if (!preferredStream) return undefined;
    /** @param {string} url */
    const absolute = (url) => new URL(url, base).href;
    this.file = {
      ...this.file,
      url: absolute(preferredStream.url),
      size: preferredStream.sizeBytes,
      ...(start && { startUrl: absolute(start.startUrl), headersUrl: absolute(start.headersUrl) }),
    };
    return this.file.url;
  }

  /** An episode may have another file now, whose headers have other URLs. */
  forgetHeaders() {
    const { file, message } = this;
    if (message.episode !== undefined && file) this.file = { url: file.url, size: file.size };
  }

  /** @param {ArrayLike<number>} from */
  startUrl(from) {
    const base = this.file?.startUrl;
    return base ? urlFrom(base, from) : firstUrl(this.message, from);
  }

  /** @param {ArrayLike<number>} from @param {number} windows */
  headersUrl(from, windows) {
    return `${urlFrom(this.file?.headersUrl ?? "", from)}&windows=${windows}`;
  }
}

/** How long other requests wait for the first frame, once the bytes that it needs are there. */
const FIRST_FRAME_MS_MAX = 100;
/** The first frame is on the screen. @type {(value?: unknown) => void} */
export let firstFrameShown;
/** @type {Promise<unknown>} */
export const firstFrame = new Promise((resolve) => (firstFrameShown = resolve));
/** @type {Promise<unknown> | undefined} */
let firstFrameOrTimeout;

/** Until the first frame is on the screen, or should be. */
const afterFirstFrame = () => firstFrameOrTimeout ??=
  Promise.race([firstFrame, new Promise((go) => setTimeout(go, FIRST_FRAME_MS_MAX))]);

/** Until playback needs what comes behind its start. @param {boolean} isLater whether it waits for the first frame */
async function whenNeeded(isLater) {
  await released();
  if (isLater) await afterFirstFrame();
}

/** @type {RequestCredentials | undefined} of requests to other origins */
let credentials;

/** @param {string} url @param {RequestInit} [options] */
export const request = (url, options) => fetch(url, { ...options, credentials });

// The pipeline's own first requests (limits.rs), which are sent before it is there.
const HEAD_BYTES = 262144;
const TAIL_BYTES = 524288;

/**
 * The HTTP cache is not used: it lets one request to a URL wait for another, and Chromium's answers
 * 200 from it where a 206 has `Vary`.
 * @param {string} url @param {string} range @param {Promise<unknown>} [after]
 */
function fetchRange(url, range, after = Promise.resolve()) {
  const controller = new AbortController();
  const { signal } = controller;
  const send = () => request(url, { headers: { Range: range }, cache: "no-store", signal });
  const response = after.then(send);
  response.catch(() => {}); // The player gets the error when it requests this range.
  return { range, response, controller };
}

/** `bytes=a-b`, or the last bytes of a file. @param {number} start @param {number} end */
const rangeHeader = (start, end) => (start < 0 ? `bytes=${start}` : `bytes=${start}-${end - 1}`);

/**
 * First byte, last byte and length of `Content-Range: bytes a-b/total`, `bytes a-b/*` or
 * `bytes *\/total`; -1 for those that are not sent.
 * @param {string | null} value
 */
function contentRange(value) {
  const parts = /^\s*bytes\s+(?:(\d+)-(\d+)|\*)\/(?:(\d+)|\*)\s*$/i.exec(value ?? "");
  return [1, 2, 3].map((at) => Number(parts?.[at] ?? -1));
}

/** @type {string[]} the player knows an ETag or Last-Modified by its place here, from 1 on */
const validators = [];

/** @param {string | null} validator */
function validatorNumber(validator) {
  if (!validator) return 0;
  return validators.indexOf(validator) + 1 || validators.push(validator);
}

/** Requests that are remembered one by one; an hour's film makes 400. */
const ENTRIES_MAX = 1000;
/** @type {FirstframeRequest[]} */
const entries = [];
export const counters = { requestCount: 0, bytesFetched: 0, bytesAppended: 0, indexBytesInWasm: 0,
  mediaBytesInWasm: 0, timelineOffset: 0 };

/** @param {string} range @param {boolean} isMedia @returns {FirstframeRequest} */
function recordRequest(range, isMedia) {
  /** @type {FirstframeRequest} */
  const entry = { range, purpose: isMedia ? "media" : "index", sentMs: performance.now(),
    headMs: null, status: 0, bytes: 0 };
  counters.requestCount += 1;
  if (entries.length < ENTRIES_MAX) entries.push(entry);
  return entry;
}

/** @param {WebAssembly.Memory} memory of the player */
export const stats = (memory) =>
  ({ requests: entries, ...counters, wasmMemoryBytes: memory.buffer.byteLength });

/** How long it may take to find out why a request got no answer. */
const REFUSAL_MS_MAX = 5000;
/** What was answered, by origin and kind of request: if that fails later, it is the network. @type {Set<string>} */
const answered = new Set();

/** A request for the last bytes needs a preflight, others do not. @param {string} url @param {string} range */
const kindOf = (url, range) => `${new URL(url).origin} ${range.startsWith("bytes=-")}`;

/**
 * The message to the page if it may not read a URL, and its own player may; else it is the network.
 * @param {Request} request
 */
async function refusalOf({ url, entry: { range } }) {
  const kind = kindOf(url, range);
  if (!navigator.onLine || answered.has(kind)) return;
  const found = import("./refusals.js").then((refusals) => refusals.refusalOf(kind, url, range));
  /** @type {Promise<undefined>} the script may be out of reach, too */
  const late = new Promise((resolve) => setTimeout(resolve, REFUSAL_MS_MAX));
  return Promise.race([found, late]).catch(() => undefined);
}

/**
 * @typedef {object} Request
 * @property {string} url
 * @property {AbortController} controller
 * @property {{ read(): Promise<{ value?: Uint8Array | undefined }> }} [body]
 * @property {FirstframeRequest} entry
 */

/** The player's requests that are under way, by the ids that it gave them. */
export class Requests {
  /** @type {Map<number, Request>} */
  #running = new Map();
  /** @type {ReturnType<typeof fetchRange>[]} sent before the player requests them */
  #ahead = [];
  #player;
  #post;

  /** @param {() => Inputs | undefined} player @param {Post} post */
  constructor(player, post) {
    this.#player = player;
    this.#post = post;
  }

  /** Requests the head and tail of a file, as the player will. @param {{ url: string, size?: number }} file */
  sendAhead({ url, size }) {
    const headEnd = Math.min(size || Infinity, HEAD_BYTES);
    const ranges = [rangeHeader(0, headEnd)];
    if (!size) ranges.push(rangeHeader(-TAIL_BYTES, 0));
    else if (size > headEnd) ranges.push(rangeHeader(Math.max(size - TAIL_BYTES, headEnd), size));
    this.#ahead = ranges.map((range) => fetchRange(url, range));
  }

  /**
   * @param {number} id @param {string} url @param {number} start @param {number} end
   * @param {boolean} isMedia @param {boolean} isLater whether it waits for the first frame
   */
  async range(id, url, start, end, isMedia, isLater) {
    const range = rangeHeader(start, end);
    const at = this.#ahead.findIndex((sent) => sent.range === range);
    const { controller, response } = this.#ahead.splice(at, at < 0 ? 0 : 1)[0]
      ?? fetchRange(url, range, isMedia ? whenNeeded(isLater) : isLater ? afterFirstFrame() : undefined);
    await this.#follow(id, { url, controller, entry: recordRequest(range, isMedia) }, response);
  }

  /**
   * What is in front of the film's bytes, which the player then reads.
   * @param {number} id @param {Start | PageStart} start
   */
  async start(id, start) {
    const { controller, url } = start;
    const request = { url, controller, body: start, entry: recordRequest("start", true) };
    const response = await this.#follow(id, request, start.response);
    const head = response?.ok ? await this.#outcome(id, request, start.head) : undefined;
    // No later request waits for a frame that this one does not bring.
    if (head && !head.length) firstFrameOrTimeout = Promise.resolve();
    return head;
  }

  /** @param {number} id @param {string} url */
  async headers(id, url) {
    const controller = new AbortController();
    const response = whenNeeded(true).then(() => request(url, { signal: controller.signal }));
    await this.#follow(id, { url, controller, entry: recordRequest("headers", false) }, response);
  }

  /**
   * Gives the player the head of a response, whose body it then reads.
   * @param {number} id @param {Request} request @param {Promise<Response>} pending
   */
  async #follow(id, request, pending) {
    this.#running.set(id, request);
    const response = await this.#outcome(id, request, pending);
    if (!response) return;
    answered.add(kindOf(request.url, request.entry.range));
    const { status, headers } = response;
    request.body ??= response.body?.getReader();
    request.entry.headMs = performance.now() - request.entry.sentMs;
    request.entry.status = status;
    /** @param {string} name */
    const count = (name) => (/^\d+$/.test(headers.get(name) ?? "") ? Number(headers.get(name)) : -1);
    // With a content coding `Content-Length` is the length of something else; media has none.
    const numbers = [...contentRange(headers.get("Content-Range")), count("Content-Length"),
      count("Retry-After")];
    const validator = validatorNumber(headers.get("ETag") ?? headers.get("Last-Modified"));
    this.#player()?.head(id, status, numbers, validator);
    return response;
  }

  /** The next piece of a body, if it is media; the player gets what is not. @param {number} id */
  async read(id) {
    const request = this.#running.get(id);
    if (!request) return;
    // A response without a body ends at once.
    const read = await this.#outcome(id, request, request.body?.read() ?? { value: undefined });
    if (!read) return;
    const bytes = read.value;
    if (!bytes) {
      this.#running.delete(id);
      return void this.#player()?.bodyEnded(id);
    }
    const { entry } = request;
    counters.bytesFetched += bytes.length;
    entry.bytes += bytes.length;
    if (entry.purpose === "media") return bytes;
    counters.indexBytesInWasm += bytes.length;
    this.#player()?.indexBytes(id, bytes);
  }

  /** @param {number} id */
  cancel(id) {
    this.#running.get(id)?.controller.abort();
    this.#running.delete(id);
  }

  /**
   * The value of a step of a request; nothing if it failed or the request was cancelled meanwhile.
   * @template T @param {number} id @param {Request} request @param {Promise<T> | T} step
   */
  async #outcome(id, request, step) {
    try {
      const value = await step;
      if (this.#running.get(id) === request) return value;
    } catch {
      if (this.#running.get(id) !== request) return;
      const refusal = await refusalOf(request);
      if (this.#running.get(id) !== request) return;
      this.#running.delete(id);
      if (refusal) this.#post(refusal);
      else this.#player()?.fetchFailed(id);
    }
  }
}
