// MP4 boxes as a tree, for fixtures that no muxer writes: read, changed, and written again. Offsets of
// chunks stay right while only boxes behind `mdat` change their size.

/** Boxes that hold boxes and nothing else. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'edts', 'mvex', 'moof', 'traf']);

/**
 * @typedef {object} Box
 * @property {string} type
 * @property {Buffer} content without children
 * @property {Box[] | undefined} children
 */

/** @param {Buffer} bytes @returns {Box[]} */
export function parse(bytes) {
  const boxes = [];
  for (let at = 0, size = 0; at < bytes.length; at += size) {
    size = bytes.readUInt32BE(at) || bytes.length - at;
    if (size < 8 || at + size > bytes.length) throw new Error(`a box of ${size} bytes at ${at}`);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const content = Buffer.from(bytes.subarray(at + 8, at + size));
    boxes.push({ type, content, children: CONTAINERS.has(type) ? parse(content) : undefined });
  }
  return boxes;
}

/** @param {Box[]} boxes @returns {Buffer} */
export function serialize(boxes) {
  return Buffer.concat(boxes.map(({ type, content, children }) => box(type, children ? serialize(children) : content)));
}

/** @param {string} type @param {...(Buffer | number[])} parts */
export function box(type, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.length);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, content]);
}

/** A box with its header, as a node of the tree. @param {Buffer} bytes */
export const node = (bytes) => parse(bytes)[0];

/** Big-endian numbers of 32 bits. @param {...number} numbers */
export function words(...numbers) {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, at) => bytes.writeUInt32BE(number >>> 0, 4 * at));
  return bytes;
}

/** All boxes at a path such as `moov/trak/mdia`. @param {Box[]} boxes @param {string} path @returns {Box[]} */
export function all(boxes, path) {
  const [type, ...rest] = path.split('/');
  const found = boxes.filter((one) => one.type === type);
  return rest.length ? found.flatMap((one) => all(one.children ?? [], rest.join('/'))) : found;
}

/** The track whose handler is `vide`, `soun` or the like. @param {Box[]} boxes @param {string} handler */
export function track(boxes, handler) {
  const isIt = (trak) => all(trak.children ?? [], 'mdia/hdlr')[0]?.content.toString('latin1', 8, 12) === handler;
  const found = all(boxes, 'moov/trak').find(isIt);
  if (!found) throw new Error(`no track has the handler ${handler}`);
  return found;
}

/** Replaces bytes wherever they stand in a box. @param {Box} one @param {string} from @param {string} to */
export function replace(one, from, to) {
  const [before, after] = [from, to].map((text) => Buffer.from(text, 'latin1'));
  for (const child of one.children ?? []) replace(child, from, to);
  if (one.type === from) one.type = to;
  for (let at = one.content.indexOf(before); !one.children && at >= 0; at = one.content.indexOf(before, at + 1)) {
    after.copy(one.content, at);
  }
}
