// A link between browser and origin, shaped in this process: it delays each direction by half a round trip,
// lets so many bits a second through, and holds no more than it must.

import { connect, createServer } from "node:net";

/** What may wait in front of the link, besides what is on its way: less than a picture. */
const WAITING_BYTES_MAX = 200_000;
const PIECE_BYTES = 4096;

/** One direction. What is held longer than it takes is held on behalf of the sender, who waits. */
class Direction {
  /** @param {number} delayMs @param {number} bytesPerMs */
  constructor(delayMs, bytesPerMs) {
    this.delayMs = delayMs;
    this.bytesPerMs = bytesPerMs;
    this.heldMax = delayMs * bytesPerMs + WAITING_BYTES_MAX;
    this.held = 0;
    this.freeAt = 0;
    /** @type {{ bytes: Buffer, to: import("node:net").Socket, from: import("node:net").Socket, dueAt: number }[]} */
    this.queue = [];
    /** @type {Set<import("node:net").Socket>} */
    this.paused = new Set();
    this.timer = undefined;
    this.delivered = 0;
  }

  /** @param {Buffer} bytes @param {import("node:net").Socket} from @param {import("node:net").Socket} to @param {number} notBefore */
  send(bytes, from, to, notBefore) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.freeAt = Math.max(this.freeAt, performance.now(), notBefore) + piece.length / this.bytesPerMs;
      this.queue.push({ bytes: piece, from, to, dueAt: this.freeAt + this.delayMs });
    }
    this.held += bytes.length;
    if (this.held > this.heldMax) {
      from.pause();
      this.paused.add(from);
    }
    this.wait();
  }

  wait() {
    const next = this.queue[0];
    if (!next || this.timer) return;
    this.timer = setTimeout(() => this.deliver(), Math.max(0, next.dueAt - performance.now()));
  }

  deliver() {
    this.timer = undefined;
    const now = performance.now();
    while (this.queue[0] && this.queue[0].dueAt <= now + 0.5) {
      const { bytes, from, to } = this.queue.shift();
      this.held -= bytes.length;
      if (to.destroyed) continue;
      this.delivered += bytes.length;
      if (!to.write(bytes) && !from.isPaused()) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    }
    if (this.held <= this.heldMax) {
      for (const from of this.paused) from.resume();
      this.paused.clear();
    }
    this.wait();
  }

  /** Bytes queued for a closed socket take no time of the others. */
  forget(to) {
    const now = performance.now();
    const gone = this.queue.filter((piece) => piece.to === to);
    if (gone.length === 0) return;
    this.queue = this.queue.filter((piece) => piece.to !== to);
    let freeAt = now;
    for (const piece of gone) this.held -= piece.bytes.length;
    for (const piece of this.queue) {
      const sentAt = piece.dueAt - this.delayMs;
      if (sentAt > now) {
        freeAt = Math.max(freeAt, Math.min(sentAt, freeAt + piece.bytes.length / this.bytesPerMs));
        piece.dueAt = freeAt + this.delayMs;
      }
    }
    this.freeAt = this.queue.length ? freeAt : now;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.deliver();
  }
}

/**
 * @param {{ scheme: string, port: number, rttMs: number, mbit: number }} options what the origin speaks, its
 *   port, and what the link is like
 */
export async function link({ scheme, port, rttMs, mbit }) {
  const bytesPerMs = (mbit * 1000) / 8;
  const up = new Direction(rttMs / 2, bytesPerMs);
  const down = new Direction(rttMs / 2, bytesPerMs);
  /** @type {Set<import("node:net").Socket>} */
  const browsers = new Set();
  let downFrom = 0;
  const server = createServer({ noDelay: true }, (browser) => {
    // A handshake takes a round trip before the first byte of a request leaves the browser.
    const openAt = performance.now() + rttMs;
    const origin = connect({ port, host: "127.0.0.1", noDelay: true });
    browsers.add(browser);
    browser.on("data", (bytes) => up.send(bytes, browser, origin, openAt));
    origin.on("data", (bytes) => down.send(bytes, origin, browser, 0));
    browser.on("end", () => origin.end());
    origin.on("end", () => setTimeout(() => browser.end(), rttMs));
    browser.on("close", () => {
      browsers.delete(browser);
      down.forget(browser);
      origin.destroy();
    });
    origin.on("close", () => up.forget(origin));
    browser.on("error", () => {});
    origin.on("error", () => browser.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return {
    url: `${scheme}://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`,
    /** Counts from here. */
    mark() {
      downFrom = down.delivered;
    },
    bytes: () => down.delivered - downFrom,
    /** The browser's next request needs a new connection. */
    dropAll() {
      for (const browser of browsers) browser.end();
    },
    close() {
      for (const browser of browsers) browser.destroy();
      server.close();
    },
  };
}
