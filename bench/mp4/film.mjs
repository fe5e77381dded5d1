// A long film, of which only the clip that it repeats is in memory. No byte of it is copied to be
// read: a piece is a view, as a network's piece is to those who get it.

export const PIECE_BYTES = 65536;

/**
 * @typedef {object} Parts
 * @property {Uint8Array} head
 * @property {Uint8Array} media what is repeated, at least twice in a row
 * @property {number} repeats
 * @property {Uint8Array} tail `moov`
 */

export class Film {
  /** @param {Parts} parts */
  constructor({ head, media, repeats, tail }) {
    Object.assign(this, { head, tail });
    this.period = media.length;
    this.ring = new Uint8Array(media.length * 2);
    this.ring.set(media);
    this.ring.set(media, media.length);
    this.tailAt = head.length + media.length * repeats;
    this.size = this.tailAt + tail.length;
  }

  /**
   * The bytes from `start` up to `end`: a view, except across the borders of head, media and tail.
   * @param {number} start @param {number} end
   */
  read(start, end) {
    if (start >= this.tailAt) return this.tail.subarray(start - this.tailAt, end - this.tailAt);
    const at = (start - this.head.length) % this.period;
    const isWithin = start >= this.head.length && end <= this.tailAt;
    if (isWithin && end - start <= this.period) return this.ring.subarray(at, at + end - start);
    if (end <= this.head.length) return this.head.subarray(start, end);
    const whole = new Uint8Array(end - start);
    for (let from = start; from < end; ) {
      const edge = [this.head.length, this.tailAt, end].find((edge) => edge > from) ?? end;
      const to = Math.min(end, edge, from < this.head.length ? edge : from + this.period);
      whole.set(this.read(from, to), from - start);
      from = to;
    }
    return whole;
  }

  /**
   * A range as it comes from the network.
   * @param {number} start @param {number} end
   */
  *pieces(start, end) {
    for (let at = start; at < end; at += PIECE_BYTES) {
      yield this.read(at, Math.min(at + PIECE_BYTES, end));
    }
  }
}

/**
 * The best of some runs: other load only makes a run slower.
 * @param {number[]} times
 */
export const least = (times) => Math.min(...times);

/** @param {number[]} speeds */
export const most = (speeds) => Math.max(...speeds);
