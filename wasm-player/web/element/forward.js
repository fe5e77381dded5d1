// Gives <firstframe-video> the members and events of the video element inside it.

export const EVENTS = [
  "abort", "canplay", "canplaythrough", "durationchange", "emptied", "encrypted", "ended",
  "enterpictureinpicture", "leavepictureinpicture", "loadeddata", "loadedmetadata", "loadstart", "pause",
  "play", "playing", "progress", "ratechange", "resize", "seeked", "seeking", "stalled", "suspend",
  "timeupdate", "volumechange", "waiting", "waitingforkey",
];

/** Attributes that the inner element gets as they are. */
export const PASSED_ON = ["autoplay", "controls", "controlslist", "crossorigin", "disablepictureinpicture",
  "disableremoteplayback", "height", "loop", "muted", "playsinline", "poster", "width"];

/** An event like this one, which is dispatched elsewhere. @param {Event} event @returns {Event} */
export const copyOf = (event) => Reflect.construct(event.constructor, [event.type, event]);

/** @typedef {HTMLElement & { video: HTMLVideoElement }} Outer */

/**
 * The attribute of a property of the inner element becomes the outer one's.
 * @param {Outer} outer @param {string} property
 */
function reflect(outer, property) {
  const name = property === "defaultMuted" ? "muted" : property.toLowerCase();
  const value = outer.video.getAttribute(name);
  if (!PASSED_ON.includes(name) || value === outer.getAttribute(name)) return;
  if (value === null) outer.removeAttribute(name);
  else outer.setAttribute(name, value);
}

/**
 * Gives a prototype all members that this browser's video elements have, as far as it has none of its own.
 * @param {object} prototype
 */
export function forward(prototype) {
  const all = [HTMLVideoElement, HTMLMediaElement].flatMap((type) =>
    Object.entries(Object.getOwnPropertyDescriptors(type.prototype)));
  for (const [name, member] of all) {
    if (name in prototype) continue;
    /** @type {PropertyDescriptor} */
    const { get, set, value } = member;
    /** @type {PropertyDescriptor} */
    const own = { ...member };
    if (get) own.get = /** @this {Outer} */ function () {
      return get.call(this.video);
    };
    if (set) own.set = /** @this {Outer} @param {unknown} to */ function (to) {
      set.call(this.video, to);
      reflect(this, name);
    };
    if (typeof value === "function") own.value = /** @this {Outer} @param {unknown[]} args */ function (...args) {
      return value.apply(this.video, args);
    };
    Object.defineProperty(prototype, name, own);
  }
}
