// A start that the page requested before this worker was there: the page reads it, and has appended some
// of it.

/** @import { EarlyStart, Post, ToWorker } from "../protocol/messages.js" */

import { AppendedStart } from "./start.js";

export class PageStart extends AppendedStart {
  controller = new AbortController();
  /** @type {Promise<void> | undefined} */
  #taken;
  /** @type {() => void} */
  #onTaken = () => {};
  /** @type {{ resolve: (read: { value: Uint8Array | undefined }) => void, reject: () => void }[]} */
  #reads = [];
  #post;

  /** @param {EarlyStart} early @param {Post} post */
  constructor({ url, headers, head }, post) {
    super();
    this.url = url;
    this.response = Promise.resolve(new Response(null, { headers }));
    this.head = Promise.resolve(head);
    this.#post = post;
    this.controller.signal.addEventListener("abort", () => post({ type: "cancelStart" }));
  }

  /** The page appends no more by itself, and says what it has appended. */
  take() {
    this.#taken ??= new Promise((resolve) => {
      this.#onTaken = resolve;
      this.#post({ type: "takeStart" });
    });
    return this.#taken;
  }

  /** The next piece; a piece that was appended already is only a length. */
  read() {
    const length = this.appendedLengths.shift();
    if (length !== undefined) {
      return Promise.resolve(/** @type {{ value: Uint8Array }} */ ({ value: { length } }));
    }
    this.#post({ type: "readStart" });
    /** @type {Promise<{ value: Uint8Array | undefined }>} */
    const read = new Promise((resolve, reject) => this.#reads.push({ resolve, reject }));
    return read;
  }

  /** @param {ToWorker & { type: "startTaken" | "startPiece" }} message */
  receive(message) {
    if (message.type === "startTaken") {
      this.calls = message.calls;
      this.appendedLengths = message.lengths;
      return this.#onTaken();
    }
    const read = this.#reads.shift();
    if (message.isFailed) read?.reject();
    else read?.resolve({ value: message.value });
  }
}
