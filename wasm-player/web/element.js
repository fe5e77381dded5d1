// <firstframe-video>: a video element whose bytes come from Firstframe's worker.
/** @import { FirstframeFault, FirstframeStats } from "./element.js" */
/** @import { OpenMessage, ToPage, ToWorker } from "./messages.js" */
/** @import { Sink, SinkReports } from "./sink.js" */

const EVENTS = [
  "abort", "canplay", "canplaythrough", "durationchange", "emptied", "ended", "loadeddata",
  "enterpictureinpicture", "leavepictureinpicture", "loadedmetadata", "loadstart", "pause", "play",
  "playing", "progress", "ratechange", "resize", "seeked", "seeking", "stalled", "suspend",
  "timeupdate", "volumechange", "waiting",
];

/** Attributes that the inner element gets as they are. */
const PASSED_ON = ["autoplay", "controls", "crossorigin", "loop", "muted", "playsinline", "poster",
  "disablepictureinpicture"];

const READ_ONLY = ["buffered", "duration", "ended", "error", "networkState", "paused", "played",
  "readyState", "seekable", "seeking", "videoHeight", "videoWidth"];

const READ_WRITE = ["autoplay", "controls", "defaultMuted", "defaultPlaybackRate", "loop", "muted",
  "disablePictureInPicture", "disableRemotePlayback", "playbackRate", "playsInline", "poster",
  "preservesPitch", "volume"];

const METHODS = ["canPlayType", "cancelVideoFrameCallback", "getVideoPlaybackQuality", "pause",
  "requestPictureInPicture", "requestVideoFrameCallback"];

const STYLE = ":host{display:block;position:relative}:host([hidden]){display:none}"
  + "video{display:block;width:100%;height:100%;object-fit:contain}";

export class FirstframeVideo extends HTMLElement {
  static observedAttributes = ["src", "episode", "api", "start", ...PASSED_ON];

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
    const { src, episode } = this;
    if (!this.isConnected || (!src && !episode)) return;
    this.#wantsToPlay = this.autoplay;
    this.#began = this.start;
    this.#target = this.start > 0 ? this.start : NaN;
    this.#url = src;
    this.dispatchEvent(new Event("loadstart"));
    this.#startWorker(src, episode);
  }

  /** @param {string} src @param {string} episode */
  #startWorker(src, episode) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.#worker = worker;
    worker.addEventListener("message", (event) => {
      if (worker === this.#worker) this.#hear(event.data);
    });
    worker.addEventListener("error", (event) => {
      if (worker === this.#worker) this.#fallBack(brokenWorker(event.message));
    });
    this.#tell({
      type: "open",
      src: src || undefined,
      episode: episode || undefined,
      api: this.api,
      start: this.start,
      sinkOnPage: this.hasAttribute("sink-on-page"),
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
    this.#sink = import("./sink.js").then(({ Sink, canSink }) => {
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

  get api() {
    return new URL(this.getAttribute("api") ?? "/", document.baseURI).origin;
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

/** @type {FirstframeStats} */
const NO_STATS = { requests: [], requestCount: 0, bytesFetched: 0, bytesAppended: 0,
  indexBytesInWasm: 0, mediaBytesInWasm: 0, wasmMemoryBytes: 0 };

/** @type {FirstframeFault} */
const NO_MEDIA_SOURCE = { code: "no_media_source", where: "in this browser",
  message: "This browser has no Media Source Extensions.",
  advice: "Use a current version of Chromium, Firefox or Safari." };

/** @param {string} why @returns {FirstframeFault} */
function brokenWorker(why) {
  return { code: "player", where: "on this page",
    message: `The player could not be loaded: ${why}`,
    advice: "Check your connection, then load the page again." };
}

/** @param {string} name @param {PropertyDescriptor} descriptor */
function define(name, descriptor) {
  if (!(name in FirstframeVideo.prototype)) {
    Object.defineProperty(FirstframeVideo.prototype, name, { configurable: true, ...descriptor });
  }
}

/** @typedef {{ video: HTMLVideoElement }} Inner */

for (const name of [...READ_ONLY, ...READ_WRITE]) {
  define(name, {
    enumerable: true,
    /** @this {Inner} */
    get() {
      return Reflect.get(this.video, name);
    },
    /** @this {Inner} @param {unknown} value */
    set(value) {
      // What is read-only on the inner element stays as it is.
      Reflect.set(this.video, name, value);
    },
  });
}

for (const name of METHODS) {
  define(name, {
    writable: true,
    /** @this {Inner} @param {unknown[]} args */
    value(...args) {
      return Reflect.apply(Reflect.get(this.video, name), this.video, args);
    },
  });
}

customElements.define("firstframe-video", FirstframeVideo);
