// Gives <firstframe-video> the members and events of the video element inside it.

export const EVENTS = [
  "abort", "canplay", "canplaythrough", "durationchange", "emptied", "ended", "loadeddata",
  "enterpictureinpicture", "leavepictureinpicture", "loadedmetadata", "loadstart", "pause", "play",
  "playing", "progress", "ratechange", "resize", "seeked", "seeking", "stalled", "suspend",
  "timeupdate", "volumechange", "waiting",
];

/** Attributes that the inner element gets as they are. */
export const PASSED_ON = ["autoplay", "controls", "crossorigin", "loop", "muted", "playsinline", "poster",
  "disablepictureinpicture"];

const READ_ONLY = ["buffered", "duration", "ended", "error", "networkState", "paused", "played",
  "readyState", "seekable", "seeking", "videoHeight", "videoWidth"];

const READ_WRITE = ["autoplay", "controls", "defaultMuted", "defaultPlaybackRate", "loop", "muted",
  "disablePictureInPicture", "disableRemotePlayback", "playbackRate", "playsInline", "poster",
  "preservesPitch", "volume"];

const METHODS = ["canPlayType", "cancelVideoFrameCallback", "getVideoPlaybackQuality", "pause",
  "requestPictureInPicture", "requestVideoFrameCallback"];

/** @typedef {{ video: HTMLVideoElement }} Inner */

/**
 * Gives a prototype the inner element's members, as far as it has none of its own.
 * @param {object} prototype
 */
export function forward(prototype) {
  /** @param {string} name @param {PropertyDescriptor} descriptor */
  function define(name, descriptor) {
    if (!(name in prototype)) {
      Object.defineProperty(prototype, name, { configurable: true, ...descriptor });
    }
  }
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
}
