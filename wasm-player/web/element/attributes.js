// <firstframe-video> without a film: its shadow root, and the attributes that are properties too.

/** @import { FirstframeStats } from "../protocol/public-types.js" */

/** @param {string} api */
export const originOf = (api) => new URL(api, document.baseURI).origin;

/** What a worker has to know of an element's film. @param {AttributesElement} element */
export function filmOf(element) {
  const { src, headers, episode, api } = element;
  const film = src ? { src, headers: headers || undefined } : { episode };
  const isShared = element.getAttribute("crossorigin") === "use-credentials";
  return {
    ...film,
    api,
    exact: element.hasAttribute("exact"),
    sinkOnPage: element.hasAttribute("sink-on-page"),
    credentials: isShared ? /** @type {const} */ ("include") : undefined,
  };
}

/** @type {FirstframeStats} without a playback */
export const NO_STATS = { requests: [], requestCount: 0, bytesFetched: 0, bytesAppended: 0,
  indexBytesInWasm: 0, mediaBytesInWasm: 0, wasmMemoryBytes: 0, timelineOffset: 0 };

const STYLE = ":host{display:block;position:relative}:host([hidden]){display:none}"
  + "video{display:block;width:100%;height:100%;object-fit:contain}";

/** Where there is no page, as on a server, the class is there and does nothing. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (/** @type {unknown} */ (class {}));

export class AttributesElement extends Base {
  #style = new CSSStyleSheet();

  constructor() {
    super();
    // The script of a page may have begun a playback in here.
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true });
    this.#style.replaceSync(STYLE);
    root.adoptedStyleSheets = [this.#style];
    this.video = root.querySelector("video") ?? document.createElement("video");
    this.video.setAttribute("part", "video");
    if (!this.video.parentNode) root.append(this.video);
    /** @type {string} the viewer's token, by which the edge cancels prefetches that are no longer needed */
    this.token = this.token ?? "";
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

  /** As HTML has it: a missing or unknown value means `metadata`. */
  get preload() {
    const preload = this.getAttribute("preload")?.toLowerCase() ?? "metadata";
    if (preload === "none") return preload;
    return preload === "" || preload === "auto" ? "auto" : "metadata";
  }

  set preload(value) {
    this.setAttribute("preload", value);
  }

  /** Attributes give the element its size, as those of a video element do; a style of the page overrides it. */
  resize() {
    const sizes = ["width", "height"].map((name) => {
      const [, number, unit] = /^\s*(\d+(?:\.\d+)?)(%?)/.exec(this.getAttribute(name) ?? "") ?? [];
      return number ? `${name}:${number}${unit || "px"};` : "";
    });
    this.#style.replaceSync(`${STYLE}:host{${sizes.join("")}}`);
  }

  /** What a page set before this class was there hides the class's own members: it is set again. */
  adoptProperties() {
    for (const [name, value] of Object.entries(this)) {
      if (!(name in Object.getPrototypeOf(this))) continue;
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
  }
}
