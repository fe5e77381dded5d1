// The worker: asks for what a film begins with, loads the player meanwhile, and joins the two to
// MediaSource.

/** @import { FirstframeRequest } from "../protocol/public-types.js" */
/** @import { OpenMessage, PrepareMessage, SinkCalls, SinkReports } from "../protocol/messages.js" */
/** @import { Stream, ToPage, ToWorker, WorkerScope } from "../protocol/messages.js" */
/** @import { Host, Inputs, Player } from "../protocol/player.js" */
/** @import { Sink } from "../sink/sink.js" */
/** @import { Start } from "./start.js" */

import {
  afterFirstFrame, askFirst, askRange, firstUrl, madeUrl, nameOf, openingUrl, firstFrameShown, streamUrl,
} from "./requests.js";
import { counters, note, stats } from "./stats.js";
import { inputsOf } from "./inputs.js";
import { byHeaders, byIndex } from "./wasm-modules.js";
import { gather, sinkHere, sinkOnPage } from "../sink/sink-proxy.js";

// Films without headers do not wait for it.
const startModule = import("./start.js");
const sinkModule = import("../sink/sink.js");
const faultMessages = import("./fault-messages.js");

/** Of a film that may be watched next: some seconds, which is time to ask for more. */
const HELD_BYTES = 524288;

/** @type {Inputs | undefined} */
let player;
/** @type {Player | undefined} of which `player` has the names */
let made;
/** @type {Host | undefined} */
let host;
/** @type {Sink | undefined} */
let sink;
/** @type {OpenMessage | undefined} */
let opened;
/** What is to be told to the player once it knows all that was done before it was there. */
/** @type {ToWorker[] | undefined} */
let waiting = [];
/**
 * Where the film is, once that is known, and what is made of it.
 * @type {{ url: string, size?: number, startUrl?: string, headersUrl?: string } | undefined}
 */
let place;
/** @type {WebAssembly.Memory | undefined} */
let memory;
/** @type {number | undefined} */
let timer;
/** @type {Uint8Array} the media bytes that the player is being told of */
let piece = new Uint8Array();
/** What the browser said of the fault that the player is being told of. */
let said = "";

/**
 * A request of the player.
 * @typedef {object} Request
 * @property {AbortController} controller
 * @property {{ read(): Promise<{ value?: Uint8Array | undefined }> }} [body]
 * @property {FirstframeRequest} entry
 */

/** @type {Map<number, Request>} */
const requests = new Map();
/** @type {ReturnType<typeof askRange>[]} made before the player was there */
let early = [];
/** @type {Promise<Start> | undefined} of what may be played */
let prepared;
/** @type {Start | undefined} begun before the player was there */
let begun;
/** @type {ReturnType<typeof byHeaders> | undefined} */
let loaded;
let isAdopted = false;

const scope = /** @type {WorkerScope} */ (/** @type {unknown} */ (globalThis));

/** @param {ToPage} message @param {Transferable[]} [transfer] */
const tell = (message, transfer = []) => scope.postMessage(message, transfer);

/** Takes note of where a film is, if any plays. @param {Stream} stream @param {string} base */
function settle({ preferredStream, start }, base) {
  if (!preferredStream) return false;
  /** @param {string} url */
  const absolute = (url) => new URL(url, base).href;
  place = {
    ...place,
    url: absolute(preferredStream.url),
    size: preferredStream.sizeBytes,
    ...(start && { startUrl: absolute(start.startUrl), headersUrl: absolute(start.headersUrl) }),
  };
  tell({ type: "located", url: place.url });
  return true;
}

/** @param {PrepareMessage} message */
const ask = async (message) => new (await startModule).Start(openingUrl(message));

/** @param {PrepareMessage} message */
function prepare(message) {
  prepared = ask(message);
  // The player hears of it when it takes over.
  prepared.then((start) => start.hold(HELD_BYTES)).catch(() => {});
  loaded = byHeaders();
  loaded.catch(() => {});
}

/** @param {OpenMessage} message */
async function open(message) {
  opened = message;
  const { src, headers, episode } = message;
  const isMade = episode !== undefined || headers !== undefined;
  if (src !== undefined) place = { url: src, startUrl: headers, headersUrl: headers };
  if (isMade) {
    begun = await (prepared ?? ask(message));
    begun.isTaken = true;
  } else if (place) {
    early = askFirst(place);
  }
  // Behind the request, which does not wait for wasm to begin.
  loaded ??= isMade ? byHeaders() : byIndex();
  loaded.catch(() => {});
  const { Sink, canSinkInWorker } = await sinkModule;
  const inWorker = canSinkInWorker && !message.sinkOnPage;
  const calls = inWorker ? sinkHere(() => sink, tell) : sinkOnPage(tell);
  if (inWorker) makeSink(Sink);
  else tell({ type: "sinkOnPage" });
  // Whoever takes over hears of what is wrong.
  begun?.play(calls, () => player !== undefined).catch(() => {});
  host = makeHost(calls, inWorker ? Sink : undefined);
  if (place) tell({ type: "located", url: place.url });
  try {
    begin(await loaded);
  } catch (error) {
    // The browser's own player needs no module, only to know where the film is.
    const parts = await begun?.parts.catch(() => undefined);
    if (parts?.film) settle(parts.film, parts.url);
    throw error;
  }
  if (!isMade) join();
}

/** @param {Awaited<ReturnType<typeof byIndex>>} module */
function begin(module) {
  memory = module.memory;
  made = new module.Player(/** @type {Host} */ (host));
  player = inputsOf(made);
  player.online(navigator.onLine);
  player.open(place?.size ?? -1, opened?.start ?? 0, opened?.episode !== undefined);
}

/** The player knows what was done before it was there, and hears of what came of it. */
function join() {
  const late = waiting ?? [];
  waiting = undefined;
  for (const message of late) apply(message);
}

/** @param {unknown} error */
const broken = (error) => tell({ type: "broken", message: `${error}` });

/** @param {number} id @param {number} start @param {number} end @param {boolean} isMedia */
async function send(id, start, end, isMedia) {
  const { rangeHeader } = await faultMessages;
  const range = rangeHeader(start, end);
  const at = early.findIndex((asked) => asked.range === range);
  const asked = early.splice(at, at < 0 ? 0 : 1)[0] ?? askRange(place?.url ?? "", range, begun && afterFirstFrame());
  const { controller, response } = asked;
  await answered(id, { controller, entry: note(range, isMedia) }, response);
}

/** @param {number} id @param {Float64Array} from @param {number} windows */
async function sendHeaders(id, from, windows) {
  const controller = new AbortController();
  const url = `${madeUrl(place?.headersUrl ?? "", from)}&windows=${windows}`;
  const response = afterFirstFrame().then(() => fetch(url, { signal: controller.signal }));
  await answered(id, { controller, entry: note("headers", false) }, response);
}

/** @param {number} id @param {Float64Array} from */
async function sendStart(id, from) {
  const url = place?.startUrl
    ? madeUrl(place.startUrl, from)
    : firstUrl(/** @type {OpenMessage} */ (opened), from);
  const { Start } = await startModule;
  const start = begun && !isAdopted ? begun : new Start(url);
  isAdopted = true;
  const request = { controller: start.controller, body: start, entry: note("start", true) };
  const answer = await answered(id, request, start.answer);
  const parts = answer?.ok && (await outcome(id, request, start.parts));
  if (parts) {
    if (!parts.length) firstFrameShown(); // Nothing in it is worth waiting for.
    if (parts.film && !settle(parts.film, parts.url)) player?.resolveFailed(404);
    else if (!parts.boxes.length) return playByIndex(id);
    else player?.started(id, parts.length, parts.boxes);
  }
  if (!start.appended.length) join();
}

/** There are no headers of this film: what its file says must do. @param {number} id */
async function playByIndex(id) {
  requests.delete(id);
  made?.free();
  player = undefined;
  if (place) early = askFirst(place);
  begin(await byIndex());
  join();
}

/**
 * Tells the player of an answer, whose body it then reads.
 * @param {number} id @param {Request} request @param {Promise<Response>} response
 */
async function answered(id, request, response) {
  requests.set(id, request);
  const { contentRange } = await faultMessages;
  const answer = await outcome(id, request, response);
  if (!answer) return;
  const { status, headers } = answer;
  request.body ??= answer.body?.getReader();
  request.entry.headMs = performance.now() - request.entry.sentMs;
  request.entry.status = status;
  /** @param {string} name */
  const count = (name) => (/^\d+$/.test(headers.get(name) ?? "") ? Number(headers.get(name)) : -1);
  // With a content coding `Content-Length` is the length of something else; media has none.
  const numbers = [...contentRange(headers.get("Content-Range")), count("Content-Length"),
    count("Retry-After")];
  player?.head(id, status, numbers, nameOf(headers.get("ETag") ?? headers.get("Last-Modified")));
  return answer;
}

/** @param {number} id */
async function read(id) {
  const request = requests.get(id);
  if (!request) return;
  // An answer without a body ends at once.
  const step = await outcome(id, request, request.body?.read() ?? { value: undefined });
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
    player?.mediaBytes(id, bytes.length);
    if (waiting && !begun?.appended.length) join();
    return;
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

/** @type {Record<keyof SinkReports, (player: Inputs, ...args: any[]) => void>} */
const told = {
  appended(player, lane, epoch, bytes, buffered) {
    counters.bytesAppended += bytes;
    player.appended(lane, epoch, bytes, buffered);
  },
  evicted: (player, lane, buffered) => player.evicted(lane, buffered),
  quotaExceeded: (player, lane, epoch) => player.quotaExceeded(lane, epoch),
  unsupported(player, mime) {
    said = mime;
    player.unsupported(mime.startsWith("video/") ? 0 : 1);
  },
  sinkFailed(player, message) {
    said = message;
    player.sinkFailed();
  },
};

/** @param {keyof SinkReports} call */
const reporter = (call) => (/** @type {unknown[]} */ ...args) =>
  apply({ type: "report", call, args });
const reported = /** @type {(keyof SinkReports)[]} */ (Object.keys(told));
const reports = /** @type {SinkReports} */ (/** @type {unknown} */ (
  Object.fromEntries(reported.map((call) => [call, reporter(call)]))));

/** @param {typeof Sink} SinkClass */
function makeSink(SinkClass) {
  sink?.close();
  sink = new SinkClass(reports);
  const handle = Reflect.get(sink.source, "handle");
  tell({ type: "handle", handle }, [handle]);
}

/** @param {SinkCalls} calls @param {typeof Sink | undefined} SinkClass where the worker has it */
function makeHost(calls, SinkClass) {
  /**
   * What was done before the player was there is not done again.
   * @param {number} lane @param {number} epoch @param {() => Uint8Array} bytes
   */
  function append(lane, epoch, bytes) {
    if (begun?.done[lane]) begun.done[lane] -= 1;
    else calls.append(lane, epoch, bytes());
  }
  return {
    ...calls,
    /** @param {string} video @param {string} audio @param {number} duration @param {number} begins */
    addSourceBuffers(video, audio, duration, begins) {
      if (begun?.hasBuffers) begun.hasBuffers = false;
      else calls.addSourceBuffers(video || undefined, audio || undefined, duration, begins);
    },
    now: () => performance.now(),
    /** @param {number} lane @param {number} epoch @param {Uint8Array} bytes in wasm memory */
    header: (lane, epoch, bytes) => append(lane, epoch, () => bytes.slice()),
    /** @param {number} lane @param {number} epoch @param {number} start @param {number} end */
    part: (lane, epoch, start, end) => append(lane, epoch, () => piece.subarray(start, end)),
    /** @param {number} lane @param {number} epoch @param {Uint32Array} ends */
    gather: (lane, epoch, ends) => append(lane, epoch, () => gather(piece, ends)),
    /** @param {Parameters<typeof send>} args */
    fetch: (...args) => void send(...args).catch(broken),
    /** @param {number} id @param {Float64Array} from */
    fetchStart: (id, from) => void sendStart(id, from.slice()).catch(broken),
    /** @param {Parameters<typeof sendHeaders>} args */
    fetchHeaders: (...args) => void sendHeaders(...args).catch(broken),
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
      // It may be another film now.
      if (opened?.episode !== undefined && place) place = { url: place.url, size: place.size };
      if (SinkClass) makeSink(SinkClass);
    },
    /** @param {number} time */
    nudge: (time) => tell({ type: "nudge", time }),
    resolve,
    fault,
  };
}

/** @type {Host["fault"]} */
function fault(kind, ...parts) {
  const words = said;
  faultMessages.then(({ inWords }) => tell({ type: "fault", kind, fault: inWords(...parts, words) }))
    .catch(broken);
}

async function resolve() {
  try {
    const answer = await fetch(streamUrl(/** @type {OpenMessage} */ (opened)));
    if (!answer.ok) throw answer.status;
    if (!settle((await answer.json()).data, answer.url)) throw 404;
    player?.resolved(place?.size ?? -1);
  } catch (status) {
    player?.resolveFailed(typeof status === "number" ? status : 0);
  }
}

/** @param {ToWorker} message */
function apply(message) {
  if (message.type === "prepare") return prepare(message);
  if (message.type === "open") return void open(message).catch(broken);
  if (message.type === "firstFrameShown") return firstFrameShown();
  if (waiting || !player) return void waiting?.push(message);
  switch (message.type) {
    case "seek":
      return player.seek(message.time);
    case "position":
      return player.position(message.time, message.playing);
    case "mediaFailed":
      said = message.message;
      return player.mediaFailed();
    case "report":
      return told[message.call](player, ...message.args);
    case "stats":
      return tell({ type: "stats", id: message.id, stats: stats(memory) });
  }
}

scope.addEventListener("message", (event) => apply(event.data));
scope.addEventListener("online", () => player?.online(true));
scope.addEventListener("offline", () => player?.online(false));
