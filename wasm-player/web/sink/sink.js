// The one place that drives MediaSource: in the worker where the browser can, else on the page.

import { joined } from "./sink-proxy.js";

/** @import { SinkReports } from "../protocol/messages.js" */

/** @typedef {{ epoch: number, bytes: Uint8Array, lengths: number[] }} Append `lengths` of the calls that it is of */
/** @typedef {{ start: number, end: number }} Removal */
/** @typedef {Append | Removal | "abort"} Step */

/** @param {Step | undefined} step @returns {step is Append} */
const isAppend = (step) => typeof step === "object" && "bytes" in step;

/** @param {Step | undefined} step @returns {step is Removal} */
const isRemoval = (step) => typeof step === "object" && "start" in step;

/** Bytes that are copied to be one append, at most. */
const JOINED_BYTES_MAX = 65536;

const Source = globalThis.MediaSource ?? Reflect.get(globalThis, "ManagedMediaSource");

/** Whether MediaSource works in this thread. */
export const canSink = typeof Source === "function";

/** Whether a worker may own a MediaSource and give its handle to the page. */
export const canSinkInWorker = canSink && Source.canConstructInDedicatedWorker === true;

export class Sink {
  /** @param {SinkReports} reports */
  constructor(reports) {
    this.reports = reports;
    /** @type {MediaSource} */
    this.source = new Source();
    /** @type {Lane[]} by number: 0 pictures, 1 sound */
    this.lanes = [];
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
    this.lanes = mimes.map((_, number) => new Lane(this, number));
    this.opened.then(() => {
      if (this.isClosed) return;
      const refused = mimes.find((mime) => mime !== undefined && !Source.isTypeSupported(mime));
      if (refused !== undefined) return this.reports.unsupported(refused);
      try {
        this.source.duration = duration;
        mimes.forEach((mime, number) => {
          if (mime !== undefined) this.lanes[number]?.attach(this.source.addSourceBuffer(mime));
        });
      } catch (error) {
        return this.reports.sinkFailed(`${error}`);
      }
      for (const lane of this.lanes) lane.next();
    });
  }

  /** @param {number} lane @param {number} epoch @param {Uint8Array} bytes */
  append(lane, epoch, bytes) {
    this.isEnding = false;
    this.lanes[lane]?.push({ epoch, bytes, lengths: [bytes.length] });
  }

  /** @param {number} lane */
  retryAppend(lane) {
    this.lanes[lane]?.retry();
  }

  /** @param {number} lane */
  abortAppend(lane) {
    this.isEnding = false;
    this.lanes[lane]?.abort();
  }

  /** @param {number} lane @param {number} start @param {number} end */
  evict(lane, start, end) {
    this.lanes[lane]?.evict(start, end);
  }

  endOfStream() {
    this.isEnding = true;
    this.endIfIdle();
  }

  endIfIdle() {
    const idle = this.lanes.every((lane) => lane.isIdle());
    if (this.isEnding && idle && this.source.readyState === "open") {
      this.isEnding = false;
      this.source.endOfStream();
    }
  }

  /** Says nothing any more. */
  close() {
    this.isClosed = true;
  }
}

/** One SourceBuffer and what waits for it. */
class Lane {
  /** @param {Sink} sink @param {number} number */
  constructor(sink, number) {
    this.sink = sink;
    this.number = number;
    /** @type {SourceBuffer | undefined} */
    this.buffer = undefined;
    /** @type {Step[]} */
    this.queue = [];
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
    this.queue.push(step);
    this.next();
  }

  retry() {
    this.isFull = false;
    this.next();
  }

  /** @param {number} start @param {number} end */
  evict(start, end) {
    this.queue.unshift({ start, end });
    this.next();
  }

  /** Removals stay; a removal that runs cannot be aborted and is waited for. */
  abort() {
    this.isFull = false;
    this.queue = this.queue.filter(isRemoval);
    if (isRemoval(this.running)) this.queue.unshift("abort");
    else this.abortNow();
  }

  abortNow() {
    this.running = undefined;
    if (this.buffer && this.sink.source.readyState === "open") this.buffer.abort();
  }

  isIdle() {
    return this.queue.length === 0 && !this.running && !this.buffer?.updating;
  }

  next() {
    const { buffer, sink } = this;
    // A step is over with its `updateend`, which comes a little after `updating` has fallen.
    if (!buffer || this.running || buffer.updating) return;
    if (sink.isClosed || sink.source.readyState === "closed") return;
    if (isAppend(this.queue[0]) && this.isFull) return;
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
    const { queue } = this;
    let step = queue.shift();
    for (let [next] = queue; isAppend(step) && isAppend(next) && step.epoch === next.epoch; [next] = queue) {
      if (step.bytes.length + next.bytes.length > JOINED_BYTES_MAX) break;
      queue.shift();
      const { epoch } = step;
      step = { epoch, bytes: joined(step.bytes, next.bytes), lengths: [...step.lengths, ...next.lengths] };
    }
    return step;
  }

  /** @param {Step} step @param {unknown} error */
  refused(step, error) {
    this.running = undefined;
    const { sink, number } = this;
    const name = error instanceof DOMException ? error.name : "";
    if (isAppend(step) && name === "QuotaExceededError") {
      this.isFull = true;
      this.queue.unshift(step);
      queueMicrotask(() => sink.isClosed || sink.reports.quotaExceeded(number, step.epoch));
    } else if (name !== "InvalidStateError") {
      // After an error of the media element, which is reported by itself, every step is invalid.
      queueMicrotask(() => sink.isClosed || sink.reports.sinkFailed(`${error}`));
    }
  }

  /** The `updateend` of an aborted append comes late, while the next step runs: it says nothing. */
  done() {
    const { buffer, sink, running } = this;
    if (!buffer || buffer.updating || sink.isClosed) return;
    this.running = undefined;
    this.next();
    if (isAppend(running)) {
      const buffered = this.buffered();
      for (const length of running.lengths) {
        sink.reports.appended(this.number, running.epoch, length, buffered);
      }
    } else if (isRemoval(running)) {
      sink.reports.evicted(this.number, this.buffered());
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
