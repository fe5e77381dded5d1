// Starts workers before they are needed: a spare one, and those that hold the start of a film.

/** @import { OpenMessage, PrepareMessage, ToWorker } from "../protocol/messages.js" */

/** The next episode, and the film that the pointer rests on. */
const PREPARED_MAX = 2;
/** How long a prepared start is held. */
const PREPARED_MS_MAX = 300_000;

/** @type {Worker | undefined} */
let spare;
/** @type {Map<string, Worker>} by the film that they hold, the oldest first */
const prepared = new Map();

/** The script of a worker is of the page's origin: a module of that one imports another's. @param {string | URL} url */
function ownScript(url) {
  if (new URL(url, location.href).origin === location.origin) return url;
  return URL.createObjectURL(new Blob([`import ${JSON.stringify(`${url}`)}`], { type: "text/javascript" }));
}

/** Bundlers recognize a worker by this form, and give it another URL, which only the constructor gets to see. */
function spawn() {
  const Native = globalThis.Worker;
  globalThis.Worker = class extends Native {
    /** @param {string | URL} url @param {WorkerOptions} [options] */
    constructor(url, options) {
      const own = ownScript(url);
      super(own, own === url ? options : { type: "module" });
    }
  };
  try {
    return new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" });
  } finally {
    globalThis.Worker = Native;
  }
}

/** @param {PrepareMessage} film */
const keyOf = ({ src, headers, episode, api, start }) =>
  JSON.stringify([src, headers, episode, api, start]);

/** @param {Worker} worker @param {ToWorker} message */
const post = (worker, message) => worker.postMessage(message);

/** Starts the worker that the next film will use. */
export function keepSpare() {
  spare ??= spawn();
}

function take() {
  const worker = spare ?? spawn();
  spare = undefined;
  return worker;
}

/** @param {string} key */
function drop(key) {
  prepared.get(key)?.terminate();
  prepared.delete(key);
}

/** Fetches a film's start and keeps it in memory. @param {Omit<PrepareMessage, "type">} film */
export function prepare(film) {
  const message = { ...film, type: /** @type {const} */ ("prepare") };
  const key = keyOf(message);
  if (prepared.has(key)) return;
  const worker = take();
  post(worker, message);
  prepared.set(key, worker);
  setTimeout(() => prepared.get(key) === worker && drop(key), PREPARED_MS_MAX);
  const [oldest] = prepared.keys();
  if (prepared.size > PREPARED_MAX && oldest !== undefined) drop(oldest);
}

/** The worker that plays a film. @param {OpenMessage} message */
export function open(message) {
  const key = keyOf(message);
  const worker = prepared.get(key) ?? take();
  prepared.delete(key);
  post(worker, message);
  return worker;
}
