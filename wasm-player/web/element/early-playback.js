// A playback that began before the element and its worker were there: the script of a page makes it, and
// they take it over. Its start is requested, and appended, by the same code as in the worker.

/** @import { EarlyStart, SinkReports, StartHead, ToPage, ToWorker } from "../protocol/messages.js" */

import { Sink } from "../sink/sink.js";
import { Start, firstRange } from "../worker/start.js";
import { onFirstFrame } from "./video-progress.js";

/** Round trip above which the rest of the first window is requested before the first frame has all its bytes. */
const HIGH_RTT_MS = 200;
/** How long that waits otherwise for the first frame, once all its bytes are there. */
const FIRST_FRAME_MS_MAX = 250;

export class EarlyPlayback {
  /** @type {StartHead | undefined} once it is there, if the film has headers */
  #head;
  /** The worker has it. */
  #isTaken = false;
  /** @type {Promise<unknown>} until the first frame is shown */
  #shown;
  /** @type {Promise<unknown>} until more than that frame is wanted */
  #wanted;
  /** @type {ToWorker[]} what the worker is to know once it is there */
  #waiting = [];
  /** @type {((message: ToWorker, transfer?: Transferable[]) => void) | undefined} */
  #post;

  /**
   * Begins to play.
   * @param {HTMLVideoElement} video
   * @param {string} url of the start, which may end at the bytes that the first frame needs
   * @param {number} time in seconds
   * @param {Promise<unknown>} [wanted] until a viewer wants more than the first frame
   */
  constructor(video, url, time, wanted = Promise.resolve()) {
    this.time = time;
    this.#wanted = wanted;
    this.start = new Start(url);
    this.sink = new Sink((report, ...args) => this.#report(report, args));
    this.objectUrl = URL.createObjectURL(this.sink.source);
    // ManagedMediaSource opens only where playback stays on this device.
    if (!globalThis.MediaSource) video.disableRemotePlayback = true;
    video.src = this.objectUrl;
    /** Where playback goes to once the metadata is there: to the key frame before `time`. */
    this.target = time;
    this.#shown = new Promise((shown) => onFirstFrame(video, () => shown(undefined)));
    video.addEventListener("loadedmetadata", () => {
      if (this.target > 0) video.currentTime = this.target;
    }, { once: true });
    /** Fulfilled when the start has what it takes, rejected where it has not. */
    this.begun = this.start.head.then((head) => {
      if (!head.boxes.length) throw new Error("the film has no headers");
      this.#goOn(head);
      this.#head = head;
    });
    // The player gets the error with the start.
    this.start.play(this.#early(), () => this.#isTaken).catch(() => {});
  }

  /**
   * Of the first window, the start may have the first bytes only: the rest is a request of its own.
   * @param {StartHead} head
   */
  #goOn(head) {
    const { film, url, boxes, length } = head;
    const [from = 0, to = 0] = firstRange(boxes);
    const range = `bytes=${from + length}-${to - 1}`;
    if (!film?.preferredStream || from + length >= to) return;
    const file = new URL(film.preferredStream.url, url);
    head.length = to - from;
    const send = async () => {
      const { signal } = this.start.controller;
      const { body, headers } = await fetch(file, { headers: { Range: range }, cache: "no-store", signal });
      // The player takes over from a start that fails, and knows what to do about the answer.
      if (!body || !headers.get("Content-Range")?.startsWith(`${range.replace("=", " ")}/`)) throw new Error(range);
      return body.getReader();
    };
    const isSlow = Reflect.get(navigator, "connection")?.rtt > HIGH_RTT_MS;
    const sent = isSlow ? this.#wanted.then(send) : undefined;
    sent?.catch(() => {});
    this.start.requestRest = async () => {
      if (sent) return sent;
      await Promise.race([this.#shown, new Promise((go) => setTimeout(go, FIRST_FRAME_MS_MAX))]);
      await this.#wanted;
      return send();
    };
  }

  #early() {
    return {
      /** @type {import("../protocol/messages.js").SinkCalls["addSourceBuffers"]} */
      addSourceBuffers: (video, audio, duration, firstFrameTime) => {
        this.target = Math.min(this.target, firstFrameTime);
        this.sink.addSourceBuffers(video, audio, duration);
      },
      /** @param {number} mediaType @param {number} epoch @param {Uint8Array} bytes */
      append: (mediaType, epoch, bytes) => this.sink.append(mediaType, epoch, bytes),
    };
  }

  /** @param {keyof SinkReports} report @param {unknown[]} args */
  #report(report, args) {
    /** @type {ToWorker} */
    const message = { type: "sinkReport", report, args };
    if (this.#post) this.#post(message);
    else this.#waiting.push(message);
  }

  /** What a worker has to know to go on from it; nothing where it cannot. @returns {Promise<EarlyStart | undefined>} */
  async state() {
    if (!this.#head) return;
    const { url, headers } = await this.start.response;
    return { url, headers: [...headers], head: this.#head };
  }

  /** From now on a worker hears of it. @param {(message: ToWorker, transfer?: Transferable[]) => void} post */
  connect(post) {
    this.#post = post;
    for (const message of this.#waiting.splice(0)) post(message);
  }

  /** Answers a worker that goes on from it. @param {ToPage["type"]} type */
  answer(type) {
    const post = this.#post ?? (() => {});
    if (type === "takeStart") {
      this.#isTaken = true;
      post({ type: "startTaken", ...this.start.handOver() });
    } else if (type === "readStart") {
      this.start.read().then(
        ({ value }) => post({ type: "startPiece", value }, value ? [value.buffer] : []),
        () => post({ type: "startPiece", isFailed: true }));
    } else if (type === "cancelStart") {
      this.#end();
    }
  }

  #end() {
    this.#isTaken = true;
    this.start.controller.abort();
  }

  /** Nothing goes on from it. */
  close() {
    this.#end();
    this.sink.close();
    URL.revokeObjectURL(this.objectUrl);
  }
}
