// Frame numbers as squares: written into the frames of films, and read from the frames that a browser shows.

/** Squares in a row. */
export const COLUMNS = 16;
/** Rows of squares. */
export const ROWS = 9;
/** Points of a square's side. */
export const CELL = 40;

/** Bits of the number; the squares after them hold a checksum of as many as are left. */
const NUMBER_BITS = 12;
/** The row that holds the bits, and the one that holds their opposites. */
const BITS_ROW = 3;
const OPPOSITES_ROW = 5;

const BLACK = 16;
const WHITE = 235;

/** Number and checksum as bits, the highest first. @param {number} number */
function bitsOf(number) {
  const sum = (number ^ (number >> 4) ^ (number >> 8) ^ 0b1010) & 0b1111;
  const word = (number << (COLUMNS - NUMBER_BITS)) | sum;
  return Array.from({ length: COLUMNS }, (_, at) => (word >> (COLUMNS - 1 - at)) & 1);
}

/** One picture, a byte a square. @param {number} number */
export function frameRows(number) {
  if (number < 0 || number >= 1 << NUMBER_BITS) throw new Error(`no picture holds ${number}`);
  const rows = Buffer.alloc(COLUMNS * ROWS);
  for (let at = 0; at < rows.length; at += 1) {
    // Something that moves, so that neighbouring pictures differ in more than a square.
    rows[at] = 60 + ((at * 7 + number * 5) % 120);
  }
  bitsOf(number).forEach((bit, at) => {
    rows[BITS_ROW * COLUMNS + at] = bit ? WHITE : BLACK;
    rows[OPPOSITES_ROW * COLUMNS + at] = bit ? BLACK : WHITE;
  });
  return rows;
}

/**
 * The number in a picture. Mixed and torn pictures have none: every bit must differ from its
 * opposite, and the checksum must be right.
 * @param {ArrayLike<number>} luma a value a square, row by row
 * @returns {number | undefined}
 */
export function readNumber(luma) {
  let word = 0;
  for (let at = 0; at < COLUMNS; at += 1) {
    const bit = luma[BITS_ROW * COLUMNS + at] ?? 0;
    const opposite = luma[OPPOSITES_ROW * COLUMNS + at] ?? 0;
    if (Math.abs(bit - opposite) < 60) return undefined;
    word = (word << 1) | (bit > opposite ? 1 : 0);
  }
  const number = word >> (COLUMNS - NUMBER_BITS);
  const again = bitsOf(number).reduce((sum, bit) => (sum << 1) | bit, 0);
  return again === word ? number : undefined;
}
