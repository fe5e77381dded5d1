// The worker: asks for the film's first bytes, loads the player meanwhile, and joins the two to
// MediaSource.

/** @import { FirstframeRequest } from "./element.js" */
/** @import { OpenMessage, SinkCalls, ToPage, ToWorker, WorkerScope } from "./messages.js" */
/** @import { Host, Player } from "./player.js" */
/** @import { Sink, SinkReports } from "./sink.js" */

const wasm = fetch(new URL("./player_bg.wasm", import.meta.url));
const playerModule = import("./player.js");
const sinkModule = import("./sink.js");
const toldModule = import("./told.js");

// These two are the pipeline's own first requests (limits.rs), made before it is there.
const HEAD_BYTES = 262144;
const TAIL_BYTES = 524288;

/** @type {Player | undefined} */
let player;
/** @type {Sink | undefined} */
let sink;
/** @type {OpenMessage | undefined} */
let opened;
/** @type {ToWorker[]} */
let waiting = [];
/** Where the film is, once that is known. */
let url = "";
/** @type {WebAssembly.Memory | undefined} */
let memory;
/** @type {number | undefined} */
let timer;
/** @type {Uint8Array} the media bytes that the player is being told of */
let piece = new Uint8Array();
/** What the browser said of the fault that the player is being told of. */
let said = "";
/** @type {string[]} ETags and the like: the player knows them by their place, from 1 on */
const validators = [];

/**
 * A request of the player.
 * @typedef {object} Request
 * @property {AbortController} controller
 * @property {ReadableStreamDefaultReader<Uint8Array>} [body]
 * @property {FirstframeRequest} entry
 */

/** @type {Map<number, Request>} */
const requests = new Map();
/** @type {ReturnType<typeof ask>[]} made before the player was there */
let early = [];

/** Requests that are remembered one by one; an hour's film makes 400. */
const ENTRIES_MAX = 1000;
/** @type {FirstframeRequest[]} */
const entries = [];
const counters = { requestCount: 0, bytesFetched: 0, bytesAppended: 0, indexBytesInWasm: 0,
  mediaBytesInWasm: 0 };

const scope = /** @type {WorkerScope} */ (/** @type {unknown} */ (globalThis));

/** @param {ToPage} message @param {Transferable[]} [transfer] */
function tell(message, transfer = []) {
  scope.postMessage(message, transfer);
}

/**
 * Where the episode is now.
 * @param {OpenMessage} open
 * @returns {Promise<{ url: string, size?: number }>}
 */
async function locate({ src, episode, api }) {
  if (episode === undefined) return { url: /** @type {string} */ (src) };
  const answer = await fetch(`${api}/api/v2/stream/${encodeURIComponent(episode)}`);
  if (!answer.ok) throw answer.status;
  const stream = (await answer.json()).data.preferredStream;
  if (!stream) throw 404;
  return { url: new URL(stream.url, answer.url).href, size: stream.sizeBytes };
}

/**
 * The HTTP cache stays out of it: it lets one request to a URL wait for another, and Chromium's
 * answers 200 from it where a 206 has `Vary`.
 * @param {string} url @param {string} range
 */
function ask(url, range) {
  const controller = new AbortController();
  const { signal } = controller;
  const response = fetch(url, { headers: { Range: range }, cache: "no-store", signal });
  response.catch(() => {}); // The player hears of it when it takes the request over.
  return { range, response, controller };
}

/** @param {{ url: string, size?: number }} file */
function askFirst({ url, size }) {
  const headEnd = Math.min(size || Infinity, HEAD_BYTES);
  const first = [ask(url, `bytes=0-${headEnd - 1}`)];
  if (!size) first.push(ask(url, `bytes=-${TAIL_BYTES}`));
  else if (size > headEnd) {
    first.push(ask(url, `bytes=${Math.max(size - TAIL_BYTES, headEnd)}-${size - 1}`));
  }
  return first;
}

/**
 * Joins the wasm and its glue.
 * @param {Omit<typeof import("./player.js"), "Player">} glue
 */
async function load(glue) {
  const imports = { "./player_bg.js": glue };
  const { instance } = await WebAssembly.instantiateStreaming(wasm, imports);
  const exports = /** @type {import("./player.js").Exports} */ (instance.exports);
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  memory = exports.memory;
}

/** @param {OpenMessage} message */
async function open(message) {
  opened = message;
  const located = locate(message).then((file) => ({ ...file, first: askFirst(file) }));
  located.catch(() => {});
  const { Sink, canSinkInWorker } = await sinkModule;
  const inWorker = canSinkInWorker && !message.sinkOnPage;
  if (!inWorker) tell({ type: "sinkOnPage" });
  const { Player, ...glue } = await playerModule;
  if (inWorker) makeSink(Sink);
  await load(glue);
  player = new Player(makeHost(Sink, inWorker));
  player.online(navigator.onLine);
  const { start } = message;
  const resolvable = message.episode !== undefined;
  try {
    const file = await located;
    ({ url, first: early } = file);
    player.open(file.size ?? -1, start, resolvable);
    tell({ type: "located", url });
  } catch (status) {
    player.unresolved(start, typeof status === "number" ? status : 0);
  }
  for (const late of waiting) apply(late, player);
  waiting = [];
}

/** @param {unknown} error */
const broken = (error) => tell({ type: "broken", message: `${error}` });

/** @param {string} range @param {boolean} isMedia @returns {FirstframeRequest} */
function note(range, isMedia) {
  /** @type {FirstframeRequest} */
  const entry = { range, purpose: isMedia ? "media" : "index", sentMs: performance.now(),
    headMs: null, status: 0, bytes: 0 };
  counters.requestCount += 1;
  if (entries.length < ENTRIES_MAX) entries.push(entry);
  return entry;
}

/** @param {number} id @param {number} start @param {number} end @param {boolean} isMedia */
async function send(id, start, end, isMedia) {
  const { rangeHeader, contentRange } = await toldModule;
  const range = rangeHeader(start, end);
  const at = early.findIndex((asked) => asked.range === range);
  const { controller, response } = early.splice(at, at < 0 ? 0 : 1)[0] ?? ask(url, range);
  const entry = note(range, isMedia);
  /** @type {Request} */
  const request = { controller, entry };
  requests.set(id, request);
  const answer = await outcome(id, request, response);
  if (!answer) return;
  const { status, headers, body } = answer;
  request.body = body?.getReader();
  entry.headMs = performance.now() - entry.sentMs;
  entry.status = status;
  /** @param {string} name */
  const count = (name) => (/^\d+$/.test(headers.get(name) ?? "") ? Number(headers.get(name)) : -1);
  // With a content coding `Content-Length` is the length of something else; media has none.
  const numbers = [...contentRange(headers.get("Content-Range")), count("Content-Length"),
    count("Retry-After")];
  player?.head(id, status, numbers, nameOf(headers.get("ETag") ?? headers.get("Last-Modified")));
}

/** @param {string | null} validator */
function nameOf(validator) {
  if (!validator) return 0;
  return validators.indexOf(validator) + 1 || validators.push(validator);
}

/** @param {number} id */
async function read(id) {
  const request = requests.get(id);
  if (!request) return;
  // An answer without a body ends at once.
  const step = await outcome(id, request, request.body?.read() ?? { done: true, value: undefined });
  if (!step) return;
  const bytes = step.value;
  if (!bytes) {
    requests.delete(id);
    return player?.fetchEnded(id);
  }
  const { entry } = request;
  counters.bytesFetched += bytes.length;
  entry.bytes += bytes.length;
  if (entry.purpose === "media") {
    piece = bytes;
    return player?.mediaBytes(id, bytes.length);
  }
  counters.indexBytesInWasm += bytes.length;
  player?.indexBytes(id, bytes);
}

/**
 * What came of a step of a request; nothing when it broke, or was cancelled meanwhile.
 * @template T @param {number} id @param {Request} request @param {Promise<T> | T} step
 */
async function outcome(id, request, step) {
  try {
    const value = await step;
    if (requests.get(id) === request) return value;
  } catch {
    if (requests.get(id) !== request) return;
    requests.delete(id);
    player?.fetchFailed(id);
  }
}

/** @type {SinkReports} */
const reports = {
  appended: (lane, epoch, bytes, buffered) => player?.appended(lane, epoch, bytes, buffered),
  evicted: (lane, buffered) => player?.evicted(lane, buffered),
  quotaExceeded: (lane, epoch) => player?.quotaExceeded(lane, epoch),
  unsupported(mime) {
    said = mime;
    player?.unsupported(mime.startsWith("video/") ? 0 : 1);
  },
  sinkFailed(message) {
    said = message;
    player?.sinkFailed();
  },
};

/** @param {typeof Sink} SinkClass */
function makeSink(SinkClass) {
  sink?.close();
  sink = new SinkClass(reports);
  const handle = Reflect.get(sink.source, "handle");
  tell({ type: "handle", handle }, [handle]);
}

/** @param {typeof Sink} SinkClass @param {boolean} inWorker */
function makeHost(SinkClass, inWorker) {
  const calls = inWorker ? sinkHere() : sinkOnPage();
  /** @param {Parameters<Sink["append"]>} args */
  function append(...args) {
    counters.bytesAppended += args[2].length;
    calls.append(...args);
  }
  return {
    ...calls,
    /** @param {string} video @param {string} audio @param {number} duration */
    addSourceBuffers: (video, audio, duration) =>
      calls.addSourceBuffers(video || undefined, audio || undefined, duration),
    now: () => performance.now(),
    /** @param {number} lane @param {number} epoch @param {Uint8Array} bytes in wasm memory */
    header: (lane, epoch, bytes) => append(lane, epoch, bytes.slice()),
    /** @param {number} lane @param {number} epoch @param {number} start @param {number} end */
    part: (lane, epoch, start, end) => append(lane, epoch, piece.subarray(start, end)),
    /** @param {number} lane @param {number} epoch @param {Uint32Array} ends */
    gather: (lane, epoch, ends) => append(lane, epoch, gathered(ends)),
    /** @param {Parameters<typeof send>} args */
    fetch: (...args) => void send(...args).catch(broken),
    /** @param {number} id */
    read: (id) => void read(id).catch(broken),
    /** @param {number} id */
    cancel(id) {
      requests.get(id)?.controller.abort();
      requests.delete(id);
    },
    /** @param {number} wait in milliseconds */
    wake(wait) {
      clearTimeout(timer);
      timer = setTimeout(() => player?.tick(), wait);
    },
    /** @param {number} time */
    startOver(time) {
      tell({ type: "startOver", time });
      if (inWorker) makeSink(SinkClass);
    },
    /** @param {number} time */
    nudge: (time) => tell({ type: "nudge", time }),
    resolve,
    fault,
  };
}

/** Parts of the piece, copied one behind the other. @param {Uint32Array} ends start, end, … */
function gathered(ends) {
  const parts = [];
  for (let i = 0; i < ends.length; i += 2) parts.push(piece.subarray(ends[i], ends[i + 1]));
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @type {Host["fault"]} */
function fault(kind, ...parts) {
  const words = said;
  toldModule.then(({ inWords }) => tell({ type: "fault", kind, fault: inWords(...parts, words) }))
    .catch(broken);
}

function sinkHere() {
  return {
    /** @param {Parameters<Sink["addSourceBuffers"]>} args */
    addSourceBuffers: (...args) => sink?.addSourceBuffers(...args),
    /** @param {Parameters<Sink["append"]>} args */
    append: (...args) => sink?.append(...args),
    /** @param {number} lane */
    retryAppend: (lane) => sink?.retryAppend(lane),
    /** @param {number} lane */
    abortAppend: (lane) => sink?.abortAppend(lane),
    /** @param {Parameters<Sink["evict"]>} args */
    evict: (...args) => sink?.evict(...args),
    endOfStream: () => sink?.endOfStream(),
  };
}

/** The same calls, as messages; bytes change their owner and are not copied. */
function sinkOnPage() {
  /** @param {string} call */
  const forward = (call) => (/** @type {unknown[]} */ ...args) => {
    const transfer = args.filter((arg) => arg instanceof Uint8Array).map((arg) => arg.buffer);
    tell(/** @type {ToPage} */ ({ type: "sink", call, args }), transfer);
  };
  const calls =
    ["addSourceBuffers", "append", "retryAppend", "abortAppend", "evict", "endOfStream"];
  const entries = calls.map((call) => [call, forward(call)]);
  return /** @type {SinkCalls} */ (Object.fromEntries(entries));
}

async function resolve() {
  try {
    const file = await locate(/** @type {OpenMessage} */ (opened));
    url = file.url;
    player?.resolved(file.size ?? -1);
    tell({ type: "located", url });
  } catch (status) {
    player?.resolveFailed(typeof status === "number" ? status : 0);
  }
}

const stats = () =>
  ({ requests: entries, ...counters, wasmMemoryBytes: memory?.buffer.byteLength ?? 0 });

/** @param {ToWorker} message @param {Player} player */
function apply(message, player) {
  switch (message.type) {
    case "open":
      return;
    case "seek":
      return player.seek(message.time);
    case "position":
      return player.position(message.time, message.playing);
    case "mediaFailed":
      said = message.message;
      return player.mediaFailed();
    case "report":
      return Reflect.apply(reports[message.call], undefined, message.args);
    case "stats":
      return tell({ type: "stats", id: message.id, stats: stats() });
  }
}

scope.addEventListener("message", (event) => {
  const message = event.data;
  if (message.type === "open") {
    open(message).catch(broken);
  } else if (player) {
    apply(message, player);
  } else {
    waiting.push(message);
  }
});
scope.addEventListener("online", () => player?.online(true));
scope.addEventListener("offline", () => player?.online(false));
