// The calls to whichever Sink there is: here, or on the page.

/** @import { SinkCall, SinkCalls, ToPage } from "../protocol/messages.js" */
/** @import { Sink } from "./sink.js" */

/** @typedef {(message: ToPage, transfer?: Transferable[]) => void} Tell */

/** @param {() => Sink | undefined} sink @param {Tell} tell @returns {SinkCalls} */
export function sinkHere(sink, tell) {
  return {
    addSourceBuffers(video, audio, duration, begins) {
      tell({ type: "begins", time: begins });
      sink()?.addSourceBuffers(video, audio, duration);
    },
    append: (...args) => sink()?.append(...args),
    retryAppend: (lane) => sink()?.retryAppend(lane),
    abortAppend: (lane) => sink()?.abortAppend(lane),
    evict: (...args) => sink()?.evict(...args),
    endOfStream: () => sink()?.endOfStream(),
  };
}

/**
 * The same calls, as messages; bytes change their owner and are not copied.
 * @param {Tell} tell @returns {SinkCalls}
 */
export function sinkOnPage(tell) {
  /** @param {SinkCall} call */
  const forward = (call) => (/** @type {unknown[]} */ ...args) => {
    if (call === "addSourceBuffers") tell({ type: "begins", time: Number(args.pop()) });
    const transfer = args.filter((arg) => arg instanceof Uint8Array).map((arg) => arg.buffer);
    tell(/** @type {ToPage} */ ({ type: "sink", call, args }), transfer);
  };
  /** @type {SinkCall[]} */
  const calls =
    ["addSourceBuffers", "append", "retryAppend", "abortAppend", "evict", "endOfStream"];
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
