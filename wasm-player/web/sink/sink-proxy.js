// Passes the calls to a Sink on to where it is: in this worker, or on the page.

/** @import { Post, SinkCalls, ToPage } from "../protocol/messages.js" */
/** @import { Sink } from "./sink.js" */

/** @param {() => Sink | undefined} sink @param {Post} post @returns {SinkCalls} */
export function sinkHere(sink, post) {
  return {
    addSourceBuffers(video, audio, duration, firstFrameTime) {
      post({ type: "firstFrameTime", time: firstFrameTime });
      sink()?.addSourceBuffers(video, audio, duration);
    },
    append: (...args) => sink()?.append(...args),
    retryAppend: (mediaType) => sink()?.retryAppend(mediaType),
    abortAppend: (mediaType) => sink()?.abortAppend(mediaType),
    remove: (...args) => sink()?.remove(...args),
    endOfStream: () => sink()?.endOfStream(),
  };
}

/**
 * The same calls, as messages; bytes are transferred, not copied.
 * @param {Post} post @returns {SinkCalls}
 */
export function sinkOnPage(post) {
  /** @param {keyof SinkCalls} call */
  const forward = (call) => (/** @type {unknown[]} */ ...args) => {
    if (call === "addSourceBuffers") post({ type: "firstFrameTime", time: Number(args.pop()) });
    const transfer = args.filter((arg) => arg instanceof Uint8Array).map((arg) => arg.buffer);
    post(/** @type {ToPage} */ ({ type: "sinkCall", call, args }), transfer);
  };
  /** @type {(keyof SinkCalls)[]} */
  const calls =
    ["addSourceBuffers", "append", "retryAppend", "abortAppend", "remove", "endOfStream"];
  const entries = calls.map((call) => [call, forward(call)]);
  return /** @type {SinkCalls} */ (Object.fromEntries(entries));
}

/**
 * Parts of a piece, copied one behind the other.
 * @param {Uint8Array} piece @param {ArrayLike<number>} ends start, end, …
 */
export function gather(piece, ends) {
  const parts = [];
  for (let i = 0; i < ends.length; i += 2) parts.push(piece.subarray(ends[i], ends[i + 1]));
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export function joined(a, b) {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
