// The worker of one playback: a session, which sends the first request, loads the wasm player
// meanwhile, and connects the player to the network, to MediaSource and to the page.

/** @import { OpenMessage, PlaybackMessage, PrepareMessage } from "../protocol/messages.js" */
/** @import { Post, Stream } from "../protocol/messages.js" */
/** @import { ToWorker, WorkerScope } from "../protocol/messages.js" */
/** @import { Host, LoadedPlayer, PlayerModule } from "../protocol/player.js" */
/** @import { Sink } from "../sink/sink.js" */
/** @import { Start } from "./start.js" */

import { loadWords, loadWordsLater, messageOf } from "./fault-words.js";
import { hold, isMove, isStopped, now, release } from "./hold.js";
import { Film, Requests, counters, firstFrameShown, openingUrl, request, stats, streamUrl } from "./requests.js";
import { PageStart } from "./page-start.js";
import { REPORTS } from "./sink-reports.js";
import { byHeaders, byIndex, createPlayer } from "./wasm-modules.js";
import { gather, sinkHere, sinkOnPage } from "../sink/sink-proxy.js";

// Loaded beside the first request, which does not wait for them.
const startModule = import("./start.js");
const sinkModule = import("../sink/sink.js");

/** `Start.replays`: the call for buffers; appends have their media type. */
const BUFFERS = 2;
/** Bytes held of a film that may be played: some seconds, enough time to request more. */
const PREPARED_BYTES = 524288;

/**
 * Nothing plays. The worker may hold the start of a film that may be played.
 * @typedef {object} Prepared
 * @property {"prepared"} name
 * @property {Promise<Start>} [start]
 * @property {Promise<PlayerModule>} [module]
 * @property {undefined} [queue]
 * @property {undefined} [player]
 *
 * A film is to be played, and no Sink is there to append to.
 * @typedef {{ name: "opening", queue: PlaybackMessage[], player?: undefined }} Opening
 *
 * The start's bytes are appended without the player; or the player is there, and is given what was
 * done before. What happens meanwhile waits in the queue.
 * @typedef {{ name: "early", queue: PlaybackMessage[], host: PlayerHost, player?: LoadedPlayer }} Early
 *
 * The player knows all that was done, and decides.
 * @typedef {{ name: "live", queue?: undefined, host: PlayerHost, player: LoadedPlayer }} Live
 */

const scope = /** @type {WorkerScope} */ (/** @type {unknown} */ (globalThis));

/** @type {Post} */
const post = (message, transfer = []) => scope.postMessage(message, transfer);

/** @param {unknown} error */
const broken = (error) => post({ type: "broken", message: `${error}` });

/** @param {PrepareMessage} message */
const requestStart = async (message) =>
  new (await startModule).Start(openingUrl(message), message.credentials);

/** The same promise; whoever awaits it later learns of its failure. @template T @param {Promise<T>} promise */
function handledLater(promise) {
  promise.catch(() => {});
  return promise;
}

/** One playback, from the worker's wait before the click to its end. */
class Session {
  /** @type {Prepared | Opening | Early | Live} */
  #state = { name: "prepared" };

  /** The player, once there is one. */
  get player() {
    return this.#state.player;
  }

  // Transitions: Prepared -> Opening -> Early -> Live, and back to Early for another module.

  /** Prepared, with the start of a film. @param {PrepareMessage} message */
  #prepare(message) {
    if (this.#state.name !== "prepared") return;
    const start = requestStart(message);
    const module = handledLater(byHeaders());
    start.then(async (start) => {
      await start.prefetch(PREPARED_BYTES);
      if (!start.isTaken) await loadWords((await module).texts);
    }).catch(() => {});
    this.#state = { name: "prepared", start, module };
  }

  /** Prepared -> Opening -> Early, and on. @param {OpenMessage} message */
  async #open(message) {
    const prepared = this.#state;
    if (prepared.name !== "prepared") return;
    /** @type {PlaybackMessage[]} */
    const queue = [];
    this.#state = { name: "opening", queue };
    if (message.isHeld) hold();
    const film = new Film(message);
    const requests = new Requests(() => this.player, post);
    const start = await this.#startOf(message, prepared);
    if (!start && film.file) requests.sendAhead(film.file);
    // Behind the request, which does not wait for wasm to begin.
    const module = handledLater(prepared.module ?? (start ? byHeaders() : byIndex()));
    const { Sink, canSinkInWorker } = await sinkModule;
    const host = new PlayerHost(this, film, requests, start);
    const isEarly = start instanceof PageStart;
    const sink = isEarly ? undefined : host.openSink(canSinkInWorker && !message.sinkOnPage ? Sink : undefined);
    /** @type {Early} */
    const early = { name: "early", queue, host };
    this.#state = early;
    // The player learns of a failure when it is given the start.
    if (sink && !isEarly) start?.play(sink, () => early.player !== undefined).catch(() => {});
    if (film.file) post({ type: "fileUrl", url: film.file.url });
    await this.#load(early, module).catch(async (error) => {
      // The browser's own player needs no module, only the file's URL.
      const head = await start?.head.catch(() => undefined);
      if (head?.film) host.locate(head.film, head.url);
      throw error;
    });
    if (!start) this.#goLive(early);
  }

  /** The start of a film, if an edge has one. @param {OpenMessage} message @param {Prepared} prepared */
  async #startOf(message, prepared) {
    if (message.early) return new PageStart(message.early, post);
    if (message.episode === undefined && message.headers === undefined) return;
    const start = await (prepared.start ?? requestStart(message));
    start.isTaken = true;
    return start;
  }

  /** Early, from now on with the player. @param {Early} early @param {Promise<PlayerModule>} module */
  async #load(early, module) {
    const { film, start } = early.host;
    const loaded = await module;
    const player = createPlayer(loaded, early.host);
    early.host.texts = loaded.texts;
    loadWordsLater(loaded.texts);
    if (start instanceof PageStart) await start.take();
    early.player = player;
    player.online(navigator.onLine);
    player.open(film.file?.size ?? -1, film.message.start, film.message.episode !== undefined);
  }

  /** Early -> Live. @param {Early} early */
  #goLive({ queue, host, player }) {
    if (!player) return;
    this.#state = { name: "live", host, player };
    for (const message of queue) this.handle(message);
  }

  /** Early -> Live, if the player was given all that was done before it was there. */
  replayed() {
    const state = this.#state;
    if (state.name === "early" && !state.host.start?.appendedLengths.length) this.#goLive(state);
  }

  /** Early or Live -> Early -> Live: no edge has headers of the film, so its own index must do. @param {number} id */
  async playByIndex(id) {
    const state = this.#state;
    if (state.name !== "early" && state.name !== "live") return;
    const { host } = state;
    host.requests.cancel(id);
    /** @type {Early} */
    const early = { name: "early", queue: state.queue ?? [], host };
    this.#state = early;
    if (host.film.file) host.requests.sendAhead(host.film.file);
    await this.#load(early, byIndex());
    this.#goLive(early);
  }

  // Messages.

  /** @param {ToWorker} message */
  handle(message) {
    const state = this.#state;
    if (isMove(message) && release()) this.player?.tick();
    if (message.type === "release") return;
    if (message.type === "firstFrameShown") firstFrameShown();
    else if (message.type === "prepare") this.#prepare(message);
    else if (message.type === "open") this.#open(message).catch(broken);
    else if (message.type === "startTaken" || message.type === "startPiece") this.#receivePart(message);
    else if (state.name === "live") this.#apply(state, message);
    else state.queue?.push(message);
  }

  /** @param {ToWorker & { type: "startTaken" | "startPiece" }} message */
  #receivePart(message) {
    const state = this.#state;
    if (state.name !== "early" && state.name !== "live") return;
    if (state.host.start instanceof PageStart) state.host.start.receive(message);
  }

  /** @param {Live} live @param {PlaybackMessage} message */
  #apply({ host, player }, message) {
    switch (message.type) {
      case "seek":
        return player.seek(message.time);
      case "position":
        return player.position(message.time, message.playing);
      case "mediaElementFailed":
        host.browserMessage = message.message;
        return player.mediaElementFailed();
      case "sinkReport":
        return REPORTS[message.report](host, player, ...message.args);
      case "stats":
        return post({ type: "stats", id: message.id, stats: stats(player.memory) });
    }
  }
}

/** What the wasm player calls: the network, MediaSource, a timer and the page. @implements {Host} */
class PlayerHost {
  /** The browser's text about the fault that is being handed to the player. */
  browserMessage = "";
  /** @type {PlayerModule["texts"]} of the player's module */
  texts = async () => ({ TEXTS: {} });
  #sink = sinkOnPage(post);
  /** @type {Sink | undefined} none while MediaSource is on the page */
  #sinkHere;
  /** @type {(() => void) | undefined} makes another one */
  #makeSinkHere;
  /** @type {Uint8Array} the media bytes that are being handed to the player */
  #piece = new Uint8Array();
  /** @type {number | undefined} */
  #timer;
  #isStartUsed = false;

  /** @param {Session} session @param {Film} film @param {Requests} requests @param {Start | PageStart} [start] */
  constructor(session, film, requests, start) {
    this.session = session;
    this.film = film;
    this.requests = requests;
    this.start = start;
  }

  /** Where appends go, from now on. @param {typeof Sink} [SinkClass] none: it is on the page */
  openSink(SinkClass) {
    if (SinkClass) {
      this.#sink = sinkHere(() => this.#sinkHere, post);
      this.#makeSinkHere = () => {
        this.#sinkHere?.close();
        this.#sinkHere = new SinkClass((report, ...args) =>
          this.session.handle({ type: "sinkReport", report, args }));
        const handle = Reflect.get(this.#sinkHere.source, "handle");
        post({ type: "mediaSourceHandle", handle }, [handle]);
      };
      this.#makeSinkHere();
    } else {
      post({ type: "makeSink" });
    }
    return this.#sink;
  }

  /** Keeps where the file is, if it is anywhere. @param {Stream} stream @param {string} base */
  locate(stream, base) {
    const url = this.film.locate(stream, base);
    if (url) post({ type: "fileUrl", url });
    return url !== undefined;
  }

  now() {
    return now();
  }

  /** @type {Host["addSourceBuffers"]} */
  addSourceBuffers(video, audio, duration, firstFrameTime, offset) {
    counters.timelineOffset = offset;
    if (this.start?.replays(BUFFERS)) return;
    this.#sink.addSourceBuffers(video || undefined, audio || undefined, duration, firstFrameTime);
  }

  /** @param {number} mediaType @param {number} epoch @param {() => Uint8Array} bytes */
  #append(mediaType, epoch, bytes) {
    if (!this.start?.replays(mediaType)) this.#sink.append(mediaType, epoch, bytes());
  }

  /** @type {Host["appendHeader"]} */
  appendHeader(mediaType, epoch, bytes) {
    this.#append(mediaType, epoch, () => bytes.slice());
  }

  /** @type {Host["appendPart"]} */
  appendPart(mediaType, epoch, start, end) {
    this.#append(mediaType, epoch, () => this.#piece.subarray(start, end));
  }

  /** @type {Host["appendParts"]} */
  appendParts(mediaType, epoch, ends) {
    this.#append(mediaType, epoch, () => gather(this.#piece, ends));
  }

  /** @param {number} mediaType */
  retryAppend(mediaType) {
    this.#sink.retryAppend(mediaType);
  }

  /** @param {number} mediaType */
  abortAppend(mediaType) {
    this.#sink.abortAppend(mediaType);
  }

  /** @param {number} mediaType @param {number} start @param {number} end */
  remove(mediaType, start, end) {
    this.#sink.remove(mediaType, start, end);
  }

  endOfStream() {
    this.#sink.endOfStream();
  }

  /** @type {Host["fetch"]} */
  fetch(id, start, end, isMedia) {
    const url = this.film.file?.url ?? "";
    this.requests.range(id, url, start, end, isMedia, this.start !== undefined).catch(broken);
  }

  /** @type {Host["fetchHeaders"]} */
  fetchHeaders(id, from, windows) {
    this.requests.headers(id, this.film.headersUrl(from, windows)).catch(broken);
  }

  /** @type {Host["fetchStart"]} */
  fetchStart(id, from) {
    this.#fetchStart(id, this.film.startUrl(from)).catch(broken);
  }

  /** @param {number} id @param {string} url */
  async #fetchStart(id, url) {
    const { Start } = await startModule;
    const start = this.start && !this.#isStartUsed ? this.start : new Start(url, this.film.message.credentials);
    this.#isStartUsed = true;
    const head = await this.requests.start(id, start);
    if (head) {
      const { player } = this.session;
      if (head.film && !this.locate(head.film, head.url)) player?.resolveFailed(404);
      else if (!head.boxes.length) return this.session.playByIndex(id);
      else player?.startBoxes(id, head.length, head.boxes);
    }
    this.session.replayed();
  }

  /** @param {number} id */
  read(id) {
    this.requests.read(id).then((piece) => {
      if (!piece) return;
      this.#piece = piece;
      this.session.player?.mediaBytes(id, piece.length);
      this.session.replayed();
    }).catch(broken);
  }

  /** @param {number} id */
  cancel(id) {
    this.requests.cancel(id);
  }

  /** @param {number} wait in milliseconds */
  wake(wait) {
    clearTimeout(this.#timer);
    if (!isStopped()) this.#timer = setTimeout(() => this.session.player?.tick(), wait);
  }

  /** @param {number} time */
  startOver(time) {
    post({ type: "startOver", time });
    this.film.forgetHeaders();
    this.#makeSinkHere?.();
  }

  /** @param {number} time */
  nudge(time) {
    post({ type: "nudge", time });
  }

  /** Requests from the edge the current URL of the episode's file. */
  async resolve() {
    const { session, film } = this;
    try {
      const response = await request(streamUrl(film.message));
      if (!response.ok) throw response.status;
      if (!this.locate((await response.json()).data, response.url)) throw 404;
      session.player?.resolved(film.file?.size ?? -1);
    } catch (status) {
      session.player?.resolveFailed(typeof status === "number" ? status : 0);
    }
  }

  /** @type {Host["fault"]} */
  fault(kind, cause, location, numbers, first, second, ...addresses) {
    const said = [first || this.browserMessage, second];
    messageOf(this.texts, [kind, cause, location], numbers, said, addresses).then(post).catch(broken);
  }
}

const session = new Session();
scope.addEventListener("message", (event) => session.handle(event.data));
scope.addEventListener("online", () => session.player?.online(true));
scope.addEventListener("offline", () => session.player?.online(false));
