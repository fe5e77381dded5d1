// A Sink drives MediaSource: in the worker where the browser allows it, else on the page.

import { joined } from "./sink-proxy.js";

/** @import { Report } from "../protocol/messages.js" */

/** @typedef {{ epoch: number, bytes: Uint8Array, lengths: number[] }} Append `lengths`: of the calls that it joins */
/** @typedef {{ start: number, end: number }} Removal */
/** @typedef {Append | Removal | "abort"} Step */

/** @param {Step | undefined} step @returns {step is Append} */
const isAppend = (step) => typeof step === "object" && "bytes" in step;

/** @param {Step | undefined} step @returns {step is Removal} */
const isRemoval = (step) => typeof step === "object" && "start" in step;

/** Waiting appends are copied into one of at most so many bytes. */
const JOINED_BYTES_MAX = 65536;

const Source = globalThis.MediaSource ?? Reflect.get(globalThis, "ManagedMediaSource");

/** Whether MediaSource works in this thread. */
export const canSink = typeof Source === "function";

/** Whether a worker may own a MediaSource and give its handle to the page. */
export const canSinkInWorker = canSink && Source.canConstructInDedicatedWorker === true;

export class Sink {
  /** @param {Report} report is never called from inside a call to the Sink */
  constructor(report) {
    this.report = report;
    /** @type {MediaSource} */
    this.source = new Source();
    /** @type {BufferQueue[]} by media type: 0 video, 1 audio */
    this.queues = [];
    this.isEnding = false;
    this.isClosed = false;
    /** @type {Promise<void>} */
    this.opened = new Promise((resolve) => {
      this.source.addEventListener("sourceopen", () => resolve(), { once: true });
    });
  }

  /**
   * All buffers before the first append: a later one is refused by WebKit.
   * @param {string | undefined} video
   * @param {string | undefined} audio
   * @param {number} duration in seconds
   */
  addSourceBuffers(video, audio, duration) {
    const mimes = [video, audio];
    this.queues = mimes.map((_, mediaType) => new BufferQueue(this, mediaType));
    this.opened.then(() => {
      if (this.isClosed) return;
      const refused = mimes.find((mime) => mime !== undefined && !Source.isTypeSupported(mime));
      if (refused !== undefined) return this.report("unsupported", refused);
      try {
        this.source.duration = duration;
        mimes.forEach((mime, mediaType) => {
          if (mime !== undefined) this.queues[mediaType]?.attach(this.source.addSourceBuffer(mime));
        });
      } catch (error) {
        return this.report("mediaSourceFailed", `${error}`);
      }
      for (const queue of this.queues) queue.next();
    });
  }

  /** @param {number} mediaType @param {number} epoch @param {Uint8Array} bytes */
  append(mediaType, epoch, bytes) {
    this.isEnding = false;
    this.queues[mediaType]?.push({ epoch, bytes, lengths: [bytes.length] });
  }

  /** @param {number} mediaType */
  retryAppend(mediaType) {
    this.queues[mediaType]?.retry();
  }

  /** @param {number} mediaType */
  abortAppend(mediaType) {
    this.isEnding = false;
    this.queues[mediaType]?.abort();
  }

  /** @param {number} mediaType @param {number} start @param {number} end */
  remove(mediaType, start, end) {
    this.queues[mediaType]?.remove(start, end);
  }

  endOfStream() {
    this.isEnding = true;
    this.endIfIdle();
  }

  endIfIdle() {
    const idle = this.queues.every((queue) => queue.isIdle());
    if (this.isEnding && idle && this.source.readyState === "open") {
      this.isEnding = false;
      this.source.endOfStream();
    }
  }

  /** Ends all reports. */
  close() {
    this.isClosed = true;
  }
}

/** One SourceBuffer, and the steps that wait for it. */
class BufferQueue {
  /** @param {Sink} sink @param {number} mediaType */
  constructor(sink, mediaType) {
    this.sink = sink;
    this.mediaType = mediaType;
    /** @type {SourceBuffer | undefined} */
    this.buffer = undefined;
    /** @type {Step[]} */
    this.waiting = [];
    /** @type {Step | undefined} */
    this.running = undefined;
    this.isFull = false;
  }

  /** @param {SourceBuffer} buffer */
  attach(buffer) {
    this.buffer = buffer;
    buffer.addEventListener("updateend", () => this.done());
  }

  /** @param {Step} step */
  push(step) {
    this.waiting.push(step);
    this.next();
  }

  retry() {
    this.isFull = false;
    this.next();
  }

  /** @param {number} start @param {number} end */
  remove(start, end) {
    this.waiting.unshift({ start, end });
    this.next();
  }

  /** Removals stay; a removal that runs cannot be aborted and is waited for. */
  abort() {
    this.isFull = false;
    this.waiting = this.waiting.filter(isRemoval);
    if (isRemoval(this.running)) this.waiting.unshift("abort");
    else this.abortNow();
  }

  abortNow() {
    this.running = undefined;
    if (this.buffer && this.sink.source.readyState === "open") this.buffer.abort();
  }

  isIdle() {
    return this.waiting.length === 0 && !this.running && !this.buffer?.updating;
  }

  next() {
    const { buffer, sink } = this;
    // A step is over with its `updateend`, which comes a little after `updating` has fallen.
    if (!buffer || this.running || buffer.updating) return;
    if (sink.isClosed || sink.source.readyState === "closed") return;
    if (isAppend(this.waiting[0]) && this.isFull) return;
    const step = this.take();
    if (step === undefined) return sink.endIfIdle();
    this.running = step;
    try {
      if (step === "abort") {
        this.abortNow();
        this.next();
      } else if (isAppend(step)) {
        buffer.appendBuffer(/** @type {BufferSource} */ (step.bytes));
      } else {
        buffer.remove(step.start, Math.min(step.end, sink.source.duration));
      }
    } catch (error) {
      this.refused(step, error);
    }
  }

  /** The next step. Appends that wait together are one, for each takes a turn of the event loop. */
  take() {
    const { waiting } = this;
    let step = waiting.shift();
    for (let [next] = waiting; isAppend(step) && isAppend(next) && step.epoch === next.epoch; [next] = waiting) {
      if (step.bytes.length + next.bytes.length > JOINED_BYTES_MAX) break;
      waiting.shift();
      const { epoch } = step;
      step = { epoch, bytes: joined(step.bytes, next.bytes), lengths: [...step.lengths, ...next.lengths] };
    }
    return step;
  }

  /** @param {Step} step @param {unknown} error */
  refused(step, error) {
    this.running = undefined;
    const { sink, mediaType } = this;
    const name = error instanceof DOMException ? error.name : "";
    if (isAppend(step) && name === "QuotaExceededError") {
      this.isFull = true;
      this.waiting.unshift(step);
      queueMicrotask(() => sink.isClosed || sink.report("quotaExceeded", mediaType, step.epoch));
    } else if (name !== "InvalidStateError") {
      // After an error of the media element, which is reported by itself, every step is invalid.
      queueMicrotask(() => sink.isClosed || sink.report("mediaSourceFailed", `${error}`));
    }
  }

  /** The `updateend` of an aborted append comes late, while the next step runs: it is ignored. */
  done() {
    const { buffer, sink, running } = this;
    if (!buffer || buffer.updating || sink.isClosed) return;
    this.running = undefined;
    this.next();
    if (isAppend(running)) {
      const buffered = this.buffered();
      for (const length of running.lengths) {
        sink.report("appended", this.mediaType, running.epoch, length, buffered);
      }
    } else if (isRemoval(running)) {
      sink.report("removed", this.mediaType, this.buffered());
    }
  }

  buffered() {
    /** @type {number[]} */
    const times = [];
    try {
      const ranges = this.buffer?.buffered;
      for (let i = 0; ranges && i < ranges.length; i++) times.push(ranges.start(i), ranges.end(i));
    } catch {
      // A buffer that was taken away holds nothing.
    }
    return Float64Array.from(times);
  }
}
