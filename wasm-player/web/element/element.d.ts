// <firstframe-video>: a media element for plain MP4 files, played by Firstframe's own pipeline.

import type { FirstframeFault, FirstframeStats } from "../protocol/public-types.js";

export type {
  FirstframeFault,
  FirstframeRequest,
  FirstframeStats,
} from "../protocol/public-types.js";

export interface FirstframeVideoEventMap {
  /** Playback came to an end by a fault. */
  "firstframe-error": CustomEvent<FirstframeFault>;
  /** The network is slow or gone; the player goes on by itself. */
  "firstframe-waiting": CustomEvent<FirstframeFault>;
  /**
   * A track is left out, or the browser's own player plays the film; playback goes on. With the code
   * `stalled`, the position stood for five seconds, although nothing was under way: `details` has what the
   * buffers hold, as `buffered: video 0-5.041, audio 0-20.01`. The player makes its buffers anew then, and
   * hands the film to the browser's own player if it stands there again.
   */
  "firstframe-notice": CustomEvent<FirstframeFault>;
}

/**
 * ```html
 * <firstframe-video episode="id" controls></firstframe-video>
 * <firstframe-video src="film.mp4" start="90" autoplay muted></firstframe-video>
 * ```
 * Attributes: `src` (with `headers`, the URL of an edge that has the headers of that file, if there
 * is one) or `episode` (with `api`, the API's origin, if it is another one); `start` in seconds,
 * where playback begins at the key frame at or before it, with `exact` at the very picture; `next`,
 * the episodes that follow, by spaces, which are made ready; and those of a video element, of which
 * `preload` is `metadata` where it is missing. Media events are dispatched on the element itself.
 */
export class FirstframeVideo extends HTMLElement {
  src: string;
  headers: string;
  episode: string;
  next: string;
  api: string;
  /** The viewer's token for the edge, if there is one; no attribute, for it is a secret. */
  token: string;
  /** In seconds. */
  start: number;
  /**
   * Requests the start of what will be played soon, and holds it in memory for five minutes. Without a film,
   * it starts the worker that the next one will use.
   */
  static prepare(film?: {
    episode?: string;
    src?: string;
    headers?: string;
    api?: string;
    start?: number;
  }): void;
  /** Begins anew with what the attributes say. */
  load(): void;
  /** Counters of the present playback. */
  stats(): Promise<FirstframeStats>;
  /** The inner element, whose frames a canvas can draw. */
  readonly video: HTMLVideoElement;

  addEventListener<K extends keyof FirstframeVideoEventMap>(
    type: K,
    listener: (this: FirstframeVideo, event: FirstframeVideoEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** All members of a video element, most of which are passed on to the inner one. */
export interface FirstframeVideo
  extends Omit<HTMLVideoElement, keyof HTMLElement | "src" | "load"> {}

declare global {
  interface HTMLElementTagNameMap {
    "firstframe-video": FirstframeVideo;
  }
}
