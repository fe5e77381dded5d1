// <firstframe-video>: a video element whose bytes the worker fetches and appends.
/** @import { FirstframeFault, FirstframeStats } from "../protocol/public-types.js" */
/** @import { ToPage, ToWorker } from "../protocol/messages.js" */
/** @import { EarlyPlayback } from "./early-playback.js" */
/** @import { Sink } from "../sink/sink.js" */

import { AttributesElement, NO_STATS, filmOf, originOf } from "./attributes.js";
import { EVENTS, PASSED_ON, copyOf, forward } from "./forward.js";
import { prepareNext, sendWindow } from "./next-episodes.js";
import { NO_MEDIA_SOURCE, brokenWorker, isUnknownTo, mediaErrorOf, whenForbidden } from "./page-faults.js";
import { onFirstFrame, whileItShouldMove } from "./video-progress.js";
import { keepSpare, open, prepare } from "./worker-pool.js";

const loadSink = () => import("../sink/sink.js");

export class FirstframeVideo extends AttributesElement {
  static observedAttributes = ["src", "headers", "episode", "api", "start", "preload", ...PASSED_ON];

  /**
   * Fetches the start of a film that will be played soon, and keeps it in memory. Without a film, it starts
   * the worker that the next one will use.
   * @param {{ episode?: string, src?: string, headers?: string, api?: string, start?: number }} [film]
   */
  static prepare({ api = "/", start = 0, ...film } = {}) {
    // Needed on the page where a worker cannot have a MediaSource, and then without a network.
    if (!Reflect.get(globalThis.MediaSource ?? {}, "canConstructInDedicatedWorker")) loadSink().catch(() => {});
    if (!film.src && !film.episode) return keepSpare();
    prepare({ ...film, start, api: originOf(api) });
  }

  /** @type {Worker | undefined} */
  #worker;
  /** @type {Promise<Sink> | undefined} */
  #sink;
  /** @type {string | undefined} */
  #objectUrl;
  /** The URL of the file, once it is known. */
  #url = "";
  /** Time to seek to once the metadata is there; NaN for none. */
  #target = NaN;
  #filledFrom = 0; // the time from which the buffers are filled
  /** @type {FirstframeFault | undefined} why the browser's own player plays the file */
  #fallback;
  /** @type {MediaError | null} of a fault that the video element does not know of */
  #error = null;
  #closed = new AbortController();
  #isLoadScheduled = false;
  /** Whether playback begins at the key frame before `start`. */
  #startsAtKeyFrame = false;
  /** Whether the edge has the ids of the next episodes. */
  #isWindowSent = false;
  #wantsToPlay = false;
  #isIdle = false; // nothing is fetched, for `preload` is `none`
  #isFirstSeek = false;
  /** @type {EarlyPlayback | undefined} that the worker goes on from */
  #early;
  #statsId = 0;
  /** @type {Map<number, (stats: FirstframeStats) => void>} */
  #pendingStats = new Map();

  constructor() {
    super();
    this.#listen();
  }

  #listen() {
    const { video } = this;
    for (const type of EVENTS) {
      // `loadstart` was dispatched when the film was given.
      video.addEventListener(type, (event) => type === "loadstart" || this.dispatchEvent(copyOf(event)));
    }
    video.addEventListener("play", () => this.#isIdle && this.#open(true));
    video.addEventListener("loadedmetadata", () => this.#goToTarget());
    video.addEventListener("seeking", () => {
      const isFirst = this.#isFirstSeek;
      this.#isFirstSeek = false;
      if (Number.isNaN(this.#target)) this.#post({ type: "seek", time: video.currentTime, isFirst });
    });
    for (const type of ["timeupdate", "play", "pause", "waiting", "ended", "seeked"]) {
      video.addEventListener(type, () => this.#postPosition());
    }
    video.addEventListener("error", () => this.#onMediaError());
    video.addEventListener("playing", () => this.#announceNext());
    video.addEventListener("timeupdate", () => prepareNext(this));
  }

  connectedCallback() {
    this.adoptProperties();
    if (!this.#worker) this.#scheduleLoad();
  }

  disconnectedCallback() {
    // An element that is only moved is connected again before this runs.
    queueMicrotask(() => this.isConnected || this.#close());
  }

  /** @param {string} name @param {string | null} old @param {string | null} value */
  attributeChangedCallback(name, old, value) {
    if (PASSED_ON.includes(name)) {
      if (value === null) this.video.removeAttribute(name);
      else this.video.setAttribute(name, value);
      if (name === "muted" && old !== value) this.video.muted = value !== null;
      this.resize();
      if (name === "autoplay") this.#followPreload();
    } else if (name === "preload") {
      this.#followPreload();
    } else if (old !== value) {
      this.#scheduleLoad();
    }
  }

  #followPreload() {
    const { preload, video: { autoplay } } = this;
    if (this.#isIdle && (preload !== "none" || autoplay)) this.#open(autoplay);
    if (preload === "auto" || autoplay) this.#post({ type: "release" });
  }

  /** Several attributes that change together load once. */
  #scheduleLoad() {
    if (this.#isLoadScheduled || !this.isConnected) return;
    this.#isLoadScheduled = true;
    queueMicrotask(() => this.#isLoadScheduled && this.load());
  }

  load() {
    this.#isLoadScheduled = false;
    const { early } = /** @type {{ early?: EarlyPlayback }} */ (this);
    Reflect.deleteProperty(this, "early");
    if (early) return void this.#goOn(early);
    this.#close();
    const { src, episode, start, video: { autoplay, paused } } = this;
    this.#error = null;
    this.#url = src;
    if (!this.isConnected || (!src && !episode)) return;
    this.#target = start > 0 ? start : NaN;
    this.#startsAtKeyFrame = start > 0 && !this.hasAttribute("exact");
    this.#isWindowSent = false;
    this.#closed = new AbortController();
    whenForbidden(this.#closed.signal, (fault) => this.#objectUrl && this.#fallBack(fault));
    this.dispatchEvent(new Event("loadstart"));
    if (this.preload === "none" && !autoplay && paused) this.#wait();
    else this.#open(autoplay || !paused);
  }

  /** Fetches nothing until somebody plays, which an element without a source does not offer. */
  #wait() {
    const Source = globalThis.MediaSource ?? Reflect.get(globalThis, "ManagedMediaSource");
    if (!Source) return this.#open(false);
    this.#isIdle = true;
    this.#wantsToPlay = false;
    this.video.preload = "none";
    this.#attach(() => (this.video.src = this.#objectUrl = URL.createObjectURL(new Source())));
  }

  /** @param {boolean} wantsToPlay */
  #open(wantsToPlay) {
    if (this.#isIdle) this.#release();
    this.#isIdle = false;
    this.video.removeAttribute("preload");
    this.#wantsToPlay = wantsToPlay;
    const start = this.#filledFrom = this.#target || 0;
    whileItShouldMove(this.video, this.#closed.signal, (time) =>
      Number.isNaN(this.#target) && this.#post({ type: "position", time, playing: true }));
    const isHeld = !wantsToPlay && this.preload !== "auto";
    this.#listenTo(open({ type: "open", ...filmOf(this), start, isHeld }));
    // Without this message the worker waits for the first frame until a timeout.
    onFirstFrame(this.video, () => this.#post({ type: "firstFrameShown" }));
  }

  /** Goes on with a playback that the script of a page began. @param {EarlyPlayback} early */
  async #goOn(early) {
    const { episode, api, start, video } = this;
    const state = await early.state().catch(() => undefined);
    if (!state || !this.isConnected || this.#worker || start !== early.time) {
      early.close();
      return this.#worker ? undefined : this.load();
    }
    this.#early = early;
    this.#sink = Promise.resolve(early.sink);
    this.#objectUrl = early.objectUrl;
    this.#filledFrom = start;
    if (!video.readyState) this.#target = early.target || NaN;
    this.#listenTo(open({ type: "open", episode, api, start, sinkOnPage: true, early: state }));
    early.connect((message, transfer) => this.#post(message, transfer));
    if (video.readyState > 1) this.#post({ type: "firstFrameShown" });
    onFirstFrame(video, () => this.#post({ type: "firstFrameShown" }));
    this.#postPosition();
    this.#onMediaError();
  }

  /** @param {Worker} worker */
  #listenTo(worker) {
    this.#worker = worker;
    worker.addEventListener("message", (event) => {
      if (worker === this.#worker) this.#receive(event.data);
    });
    worker.addEventListener("error", (event) => {
      if (worker === this.#worker) this.#fallBack(brokenWorker(event.message));
    });
  }

  #close() {
    this.#closed.abort();
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#early?.close();
    this.#early = undefined;
    this.#sink?.then((sink) => sink.close());
    this.#sink = undefined;
    this.#fallback = undefined;
    this.#isIdle = false;
    for (const answer of this.#pendingStats.values()) answer(NO_STATS);
    this.#pendingStats.clear();
    this.#release();
  }

  #release() {
    const { video } = this;
    if (video.srcObject) video.srcObject = null;
    if (video.hasAttribute("src")) {
      video.removeAttribute("src");
      video.load();
    }
    if (this.#objectUrl) URL.revokeObjectURL(this.#objectUrl);
    this.#objectUrl = undefined;
  }

  /** @param {ToWorker} message @param {Transferable[]} [transfer] */
  #post(message, transfer = []) {
    this.#worker?.postMessage(message, transfer);
  }

  #postPosition() {
    this.#post({ type: "position", time: this.currentTime, playing: !this.video.paused });
  }

  /** @param {ToPage} message */
  #receive(message) {
    switch (message.type) {
      case "mediaSourceHandle":
        return this.#attach(() => (this.video.srcObject = message.handle));
      case "makeSink":
        return this.#makeSink();
      case "takeStart":
      case "readStart":
      case "cancelStart":
        return this.#early?.answer(message.type);
      case "sinkCall":
        this.#sink?.then((sink) => Reflect.apply(sink[message.call], sink, message.args));
        return;
      case "firstFrameTime":
        if (this.#startsAtKeyFrame && message.time < this.#target) this.#target = message.time;
        this.#startsAtKeyFrame = false;
        return;
      case "fileUrl":
        this.#url = message.url;
        return;
      case "startOver":
        return this.#startOver(message.time);
      case "nudge":
        this.video.currentTime = message.time;
        return;
      case "fault":
        if (message.kind === "fallback") return this.#fallBack(message.fault);
        return this.#emit(message.kind, message.fault);
      case "stats":
        return this.#pendingStats.get(message.id)?.(message.stats);
      case "broken":
        return this.#fallBack(brokenWorker(message.message));
    }
  }

  /** @param {() => void} assign sets the video's source */
  #attach(assign) {
    this.#release();
    assign();
    // A new source pauses the element.
    if (this.#wantsToPlay) this.video.play().catch(() => {});
  }

  #makeSink() {
    this.#sink?.then((sink) => sink.close());
    this.#sink = loadSink().then(({ Sink, canSink }) => {
      if (!canSink) throw new Error("no MediaSource");
      const sink = new Sink((report, ...args) => this.#post({ type: "sinkReport", report, args }));
      if (!this.#fallback) this.#attach(() => {
        this.#objectUrl = URL.createObjectURL(sink.source);
        // ManagedMediaSource opens only where playback stays on this device.
        if (!globalThis.MediaSource) this.video.disableRemotePlayback = true;
        this.video.src = this.#objectUrl;
      });
      return sink;
    });
    this.#sink.catch(() => this.#fallBack(NO_MEDIA_SOURCE));
  }

  /** @param {number} time */
  #startOver(time) {
    this.#wantsToPlay = !this.video.paused || this.#wantsToPlay;
    this.#filledFrom = this.#target = time;
    if (this.#sink) this.#makeSink();
  }

  #goToTarget() {
    const time = this.#target;
    this.#target = NaN;
    // Not to 0, where the element is anyway: WebKit fails if that comes before `loadeddata`.
    this.#isFirstSeek = time > 0;
    if (time > 0) this.video.currentTime = time;
    this.#wantsToPlay = false;
  }

  #onMediaError() {
    const { video, video: { error } } = this;
    if (!error) return;
    // A browser may skip what it cannot decode and run to the end; that is not the viewer's position.
    const { currentTime, duration, paused } = video;
    if (currentTime >= duration) this.#post({ type: "position", time: this.#filledFrom, playing: !paused });
    if (this.#fallback) this.#emit("error", this.#fallback);
    else this.#post({ type: "mediaElementFailed", message: error.message || `media error ${error.code}` });
  }

  /** @param {"waiting" | "notice" | "error"} kind @param {FirstframeFault} fault */
  #emit(kind, fault) {
    if (kind === "error") this.#error = mediaErrorOf(fault, this.video.readyState > 0);
    this.dispatchEvent(new CustomEvent(`firstframe-${kind}`, { detail: fault }));
    if (kind === "error") this.dispatchEvent(new Event("error"));
  }

  #announceNext() {
    // There is time now to start the worker of the next film.
    keepSpare();
    if (this.#isWindowSent || !this.episode || !this.next) return;
    this.#isWindowSent = true;
    sendWindow(this);
  }

  /** From now on the browser's own player plays the file. @param {FirstframeFault} fault */
  #fallBack(fault) {
    const { video } = this;
    if (!this.#url || isUnknownTo(video, fault)) return this.#emit("error", fault);
    this.#wantsToPlay ||= !video.paused;
    const reached = fault.code === "decode" ? this.#filledFrom : video.currentTime;
    this.#target = Number.isNaN(this.#target) ? reached : this.#target;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#fallback = fault;
    this.#emit("notice", fault);
    if (!this.#wantsToPlay) video.preload = this.preload;
    this.#attach(() => (video.src = this.#url));
  }

  play() {
    if (this.#isIdle) this.#open(true);
    if (this.#worker && this.video.readyState === 0) this.#wantsToPlay = true;
    return this.video.play();
  }

  get error() {
    return this.video.error ?? this.#error;
  }

  get currentTime() {
    return Number.isNaN(this.#target) ? this.video.currentTime : this.#target;
  }

  set currentTime(time) {
    if ((this.#worker || this.#isIdle) && this.video.readyState === 0) {
      this.#target = time;
      this.#post({ type: "seek", time });
    } else {
      this.video.currentTime = time;
    }
  }

  /** @returns {Promise<FirstframeStats>} */
  stats() {
    const id = ++this.#statsId;
    if (!this.#worker) return Promise.resolve(NO_STATS);
    this.#post({ type: "stats", id });
    return new Promise((resolve) => this.#pendingStats.set(id, resolve))
      .finally(() => this.#pendingStats.delete(id));
  }

  /** @param {number} time */
  fastSeek(time) {
    this.currentTime = time;
  }

  /** The URL of the film, once it is known. */
  get currentSrc() {
    return this.#url;
  }
}

// On a server there is no page; and a second copy of this module leaves the element to the first.
if (globalThis.customElements && !customElements.get("firstframe-video")) {
  forward(FirstframeVideo.prototype);
  customElements.define("firstframe-video", FirstframeVideo);
}
