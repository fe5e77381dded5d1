// <firstframe-video>: a video element whose bytes come from Firstframe's worker.
/** @import { FirstframeFault, FirstframeStats } from "../protocol/public-types.js" */
/** @import { SinkReports, ToPage, ToWorker } from "../protocol/messages.js" */
/** @import { Sink } from "../sink/sink.js" */

import { NO_MEDIA_SOURCE, NO_STATS, brokenWorker } from "./faults.js";
import { EVENTS, PASSED_ON, forward } from "./forward.js";
import { keepSpare, open, prepare } from "./worker-pool.js";

/** From here on the next episode is made ready: its credits roll soon, and it is rarely left now. */
const NEXT_SHARE = 0.8;

const STYLE = ":host{display:block;position:relative}:host([hidden]){display:none}"
  + "video{display:block;width:100%;height:100%;object-fit:contain}";

/** @param {string} api */
const originOf = (api) => new URL(api, document.baseURI).origin;

export class FirstframeVideo extends HTMLElement {
  static observedAttributes = ["src", "headers", "episode", "api", "start", ...PASSED_ON];

  /**
   * Asks for the start of what will be played soon, and holds it in memory.
   * @param {{ episode?: string, src?: string, headers?: string, api?: string, start?: number }} film
   */
  static prepare({ api = "/", start = 0, ...film }) {
    prepare({ ...film, start, api: originOf(api) });
  }

  /** Names the viewer to the edge, who lets go of what was made ready in vain. */
  token = "";

  /** @type {Worker | undefined} */
  #worker;
  /** @type {Promise<Sink> | undefined} */
  #sink;
  /** @type {string | undefined} */
  #objectUrl;
  /** The URL of the file, once it is known. */
  #url = "";
  /** Where to go once the element knows its film; NaN when there is nothing to go to. */
  #target = NaN;
  #began = 0; // where the buffers began to be filled
  /** @type {FirstframeFault | undefined} why the browser's own player has the film */
  #fallback;
  #isPlanned = false;
  /** Whether playback begins at the key frame before the time that it is to begin at. */
  #isRough = false;
  /** Whether the edge knows what comes next. */
  #isWindowTold = false;
  #wantsToPlay = false;
  #asked = 0;
  /** @type {Map<number, (stats: FirstframeStats) => void>} */
  #answers = new Map();

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    this.video = document.createElement("video");
    this.video.setAttribute("part", "video");
    root.append(this.video);
    this.#listen();
  }

  #listen() {
    const { video } = this;
    for (const type of EVENTS) {
      video.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    }
    video.addEventListener("loadedmetadata", () => this.#goToTarget());
    video.addEventListener("seeking", () => {
      if (Number.isNaN(this.#target)) this.#tell({ type: "seek", time: video.currentTime });
    });
    for (const type of ["timeupdate", "play", "pause", "waiting", "ended", "seeked"]) {
      video.addEventListener(type, () => this.#tellPosition());
    }
    video.addEventListener("error", () => this.#mediaFailed());
    video.addEventListener("playing", () => this.#tellWindow());
    video.addEventListener("timeupdate", () => this.#prepareNext());
  }

  connectedCallback() {
    if (!this.#worker) this.#plan();
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
      if (name === "muted") this.video.muted = value !== null;
    } else if (old !== value) {
      this.#plan();
    }
  }

  /** Several attributes that change together load once. */
  #plan() {
    if (this.#isPlanned || !this.isConnected) return;
    this.#isPlanned = true;
    queueMicrotask(() => this.#isPlanned && this.load());
  }

  load() {
    this.#isPlanned = false;
    this.#close();
    const { src, headers, episode, api, start } = this;
    if (!this.isConnected || (!src && !episode)) return;
    this.#wantsToPlay = this.autoplay;
    this.#began = start;
    this.#target = start > 0 ? start : NaN;
    this.#isRough = start > 0 && !this.hasAttribute("exact");
    this.#isWindowTold = false;
    this.#url = src;
    this.dispatchEvent(new Event("loadstart"));
    const film = src ? { src, headers: headers || undefined } : { episode };
    const [exact, sinkOnPage] = [this.hasAttribute("exact"), this.hasAttribute("sink-on-page")];
    this.#listenTo(open({ type: "open", ...film, api, start, exact, sinkOnPage }));
    // Whose browser does not tell waits a moment longer for what comes next.
    this.video.requestVideoFrameCallback?.(() => this.#tell({ type: "firstFrameShown" }));
  }

  /** @param {Worker} worker */
  #listenTo(worker) {
    this.#worker = worker;
    worker.addEventListener("message", (event) => {
      if (worker === this.#worker) this.#hear(event.data);
    });
    worker.addEventListener("error", (event) => {
      if (worker === this.#worker) this.#fallBack(brokenWorker(event.message));
    });
  }

  #close() {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#sink?.then((sink) => sink.close());
    this.#sink = undefined;
    this.#fallback = undefined;
    for (const answer of this.#answers.values()) answer(NO_STATS);
    this.#answers.clear();
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
  #tell(message, transfer = []) {
    this.#worker?.postMessage(message, transfer);
  }

  #tellPosition() {
    const { video } = this;
    const time = Number.isNaN(this.#target) ? video.currentTime : this.#target;
    this.#tell({ type: "position", time, playing: !video.paused });
  }

  /** @param {ToPage} message */
  #hear(message) {
    switch (message.type) {
      case "handle":
        return this.#attach(() => (this.video.srcObject = message.handle));
      case "sinkOnPage":
        return this.#makeSink();
      case "sink":
        this.#sink?.then((sink) => Reflect.apply(sink[message.call], sink, message.args));
        return;
      case "begins":
        if (this.#isRough && message.time < this.#target) this.#target = message.time;
        this.#isRough = false;
        return;
      case "located":
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
        return this.#answers.get(message.id)?.(message.stats);
      case "broken":
        return this.#fallBack(brokenWorker(message.message));
    }
  }

  /** @param {() => void} assign */
  #attach(assign) {
    this.#release();
    assign();
    // A new source pauses the element.
    if (this.#wantsToPlay) this.video.play().catch(() => {});
  }

  #makeSink() {
    this.#sink?.then((sink) => sink.close());
    this.#sink = import("../sink/sink.js").then(({ Sink, canSink }) => {
      if (!canSink) throw new Error("no MediaSource");
      const sink = new Sink(this.#reports());
      this.#attach(() => {
        this.#objectUrl = URL.createObjectURL(sink.source);
        // ManagedMediaSource opens only where playback stays on this device.
        if (!globalThis.MediaSource) this.video.disableRemotePlayback = true;
        this.video.src = this.#objectUrl;
      });
      return sink;
    });
    this.#sink.catch(() => this.#fallBack(NO_MEDIA_SOURCE));
  }

  /** @returns {SinkReports} */
  #reports() {
    const calls = ["appended", "evicted", "quotaExceeded", "unsupported", "sinkFailed"];
    /** @param {string} call */
    const report = (call) => (/** @type {unknown[]} */ ...args) =>
      this.#tell(/** @type {ToWorker} */ ({ type: "report", call, args }));
    const entries = calls.map((call) => [call, report(call)]);
    return /** @type {SinkReports} */ (Object.fromEntries(entries));
  }

  /** @param {number} time */
  #startOver(time) {
    this.#wantsToPlay = !this.video.paused || this.#wantsToPlay;
    this.#began = time;
    this.#target = time;
    if (this.#sink) this.#makeSink();
  }

  #goToTarget() {
    const time = this.#target;
    this.#target = NaN;
    // Not to 0, where the element is anyway: WebKit dies of it before `loadeddata`.
    if (time > 0) this.video.currentTime = time;
    this.#wantsToPlay = false;
  }

  #mediaFailed() {
    const { video, video: { error } } = this;
    if (!error) return;
    // Over what it cannot decode a browser may run to the end, where nobody meant to be.
    const { currentTime, duration, paused } = video;
    if (currentTime >= duration) this.#tell({ type: "position", time: this.#began, playing: !paused });
    if (this.#fallback) this.#emit("error", this.#fallback);
    else this.#tell({ type: "mediaFailed", message: error.message || `media error ${error.code}` });
  }

  /** @param {"waiting" | "notice" | "error"} kind @param {FirstframeFault} fault */
  #emit(kind, fault) {
    this.dispatchEvent(new CustomEvent(`firstframe-${kind}`, { detail: fault }));
    if (kind === "error") this.dispatchEvent(new Event("error"));
  }

  /** What comes next, of which the edge makes ready what it can. */
  #tellWindow() {
    const { episode, next, token } = this;
    // There is time now to make a worker for whatever is played then.
    keepSpare();
    if (this.#isWindowTold || !episode || !next) return;
    this.#isWindowTold = true;
    /** @type {Record<string, string>} */
    const headers = { "content-type": "application/json" };
    if (token) headers["x-client-token"] = token;
    const body = JSON.stringify({ currentEpisodeId: episode, nextEpisodeIds: next.split(" ") });
    // Nothing is lost where that fails but the head start.
    fetch(`${this.api}/api/v2/stream/window`, { method: "POST", headers, body }).catch(() => {});
  }

  #prepareNext() {
    const { api, next, video: { currentTime, duration } } = this;
    const [episode] = next.split(" ");
    if (episode && currentTime >= duration * NEXT_SHARE) prepare({ episode, api, start: 0 });
  }

  /** The browser's own player has the film from now on. @param {FirstframeFault} fault */
  #fallBack(fault) {
    if (!this.#url) return this.#emit("error", fault);
    const { video } = this;
    this.#wantsToPlay ||= !video.paused;
    const reached = fault.code === "decode" ? this.#began : video.currentTime;
    this.#target = Number.isNaN(this.#target) ? reached : this.#target;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#fallback = fault;
    this.#emit("notice", fault);
    this.#attach(() => (video.src = this.#url));
  }

  /** @returns {Promise<void>} */
  play() {
    if (this.#worker && this.video.readyState === 0) this.#wantsToPlay = true;
    return this.video.play();
  }

  get currentTime() {
    return Number.isNaN(this.#target) ? this.video.currentTime : this.#target;
  }

  set currentTime(time) {
    if (this.#worker && this.video.readyState === 0) {
      this.#target = time;
      this.#tell({ type: "seek", time });
    } else {
      this.video.currentTime = time;
    }
  }

  /** @returns {Promise<FirstframeStats>} */
  stats() {
    const id = ++this.#asked;
    if (!this.#worker) return Promise.resolve(NO_STATS);
    const answer = new Promise((resolve) => this.#answers.set(id, resolve));
    this.#tell({ type: "stats", id });
    return answer.finally(() => this.#answers.delete(id));
  }

  get src() {
    const src = this.getAttribute("src");
    return src ? new URL(src, document.baseURI).href : "";
  }

  set src(value) {
    this.setAttribute("src", value);
  }

  get episode() {
    return this.getAttribute("episode") ?? "";
  }

  set episode(value) {
    this.setAttribute("episode", value);
  }

  get headers() {
    const headers = this.getAttribute("headers");
    return headers ? new URL(headers, document.baseURI).href : "";
  }

  set headers(value) {
    this.setAttribute("headers", value);
  }

  get next() {
    return this.getAttribute("next") ?? "";
  }

  set next(value) {
    this.setAttribute("next", value);
  }

  get api() {
    return originOf(this.getAttribute("api") ?? "/");
  }

  set api(value) {
    this.setAttribute("api", value);
  }

  get start() {
    return Math.max(0, Number(this.getAttribute("start")) || 0);
  }

  set start(value) {
    this.setAttribute("start", `${value}`);
  }

  get autoplay() {
    return this.video.autoplay;
  }

  set autoplay(value) {
    this.toggleAttribute("autoplay", value);
  }
}

forward(FirstframeVideo.prototype);
customElements.define("firstframe-video", FirstframeVideo);
keepSpare();
