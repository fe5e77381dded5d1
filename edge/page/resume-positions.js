/** Stores on this device where each episode was left. */

/**
 * @typedef {object} ResumePosition
 * @property {string} episodeId
 * @property {string} catalogId
 * @property {number} position Seconds.
 * @property {number} duration Seconds; 0 while it is not known.
 * @property {number} at When, milliseconds since 1970.
 * @property {string} title
 * @property {string} detail Such as the episode's title; may be empty.
 * @property {string} coverImage
 * @property {{ episodeId: string, detail: string }} [next] The episode that follows.
 */

/** The key in localStorage is a stored form: it keeps the name that it always had. */
const KEY = 'firstframe.places';
/** A year of evenings, in less than 100 KB of the 5 MB that a browser gives. */
const POSITIONS_MAX = 300;
/** A shorter visit changes nothing: the viewer only looked in. */
export const RESUME_SECONDS_MIN = 10;
/** Credits run from here on. */
const ENDED_SHARE = 0.95;

/** @returns {ResumePosition[]} Newest first. */
function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(stored)) return [];
    return stored.filter((one) => typeof one?.episodeId === 'string');
  } catch {
    // Storage is refused or broken: then nothing is stored.
    return [];
  }
}

/** @param {ResumePosition[]} positions */
function write(positions) {
  try {
    localStorage.setItem(KEY, JSON.stringify(positions.slice(0, POSITIONS_MAX)));
  } catch {
    // As above.
  }
}

/** Forgets every position: another person uses this device. */
export function forgetResumePositions() {
  write([]);
}

/** @param {ResumePosition} position */
export function save(position) {
  const others = read().filter((other) => other.episodeId !== position.episodeId);
  write([position, ...others]);
}

/** Stores the positions of another device, where they are newer. @param {ResumePosition[]} positions Newest first. */
export function adopt(positions) {
  const known = new Map(read().map((one) => [one.episodeId, one.at]));
  const newer = positions.filter(({ episodeId, at }) => at > (known.get(episodeId) ?? 0));
  for (const position of newer.reverse()) save(position);
}

/**
 * Stores positions under the ids that their episodes have now.
 *
 * @param {Record<string, string>} moved Episode ids by those that they had.
 */
export function moveResumePositions(moved) {
  const all = read();
  const known = new Set(all.map((one) => one.episodeId));
  const isMoved = (/** @type {ResumePosition} */ one) => moved[one.episodeId] !== undefined;
  if (!all.some(isMoved)) return;
  const positions = all.flatMap((one) => {
    const episodeId = moved[one.episodeId];
    if (episodeId === undefined) return [one];
    const catalogId = episodeId.slice(0, episodeId.lastIndexOf('.'));
    if (known.has(episodeId)) return [];
    known.add(episodeId);
    return [{ ...one, episodeId, catalogId }];
  });
  write(positions);
}

/** @param {string} episodeId */
export function resumePositionOf(episodeId) {
  return read().find((one) => one.episodeId === episodeId);
}

/** @param {ResumePosition} position 0 to 1. */
export function watchedShare({ position, duration }) {
  return duration > 0 ? Math.min(position / duration, 1) : 0;
}

/** @param {ResumePosition} position */
export function isWatched(position) {
  return watchedShare(position) >= ENDED_SHARE;
}

/** @param {ResumePosition | undefined} position Where to resume, in seconds; 0 is the beginning. */
export function resumeSeconds(position) {
  if (!position || position.position < RESUME_SECONDS_MIN || isWatched(position)) return 0;
  return Math.floor(position.position);
}

/** @returns {ResumePosition[]} For each title the episode left last, or the one that follows it. */
export function unfinished() {
  /** @type {Map<string, ResumePosition>} */
  const last = new Map();
  for (const one of read()) {
    if (!last.has(one.catalogId)) last.set(one.catalogId, one);
  }
  return [...last.values()].flatMap((one) => {
    if (!isWatched(one)) return [one];
    return one.next ? [{ ...one, ...one.next, position: 0, duration: 0 }] : [];
  });
}
