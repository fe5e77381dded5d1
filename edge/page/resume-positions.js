/** Remembers on this device where each episode was left. */

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

const KEY = 'firstframe.places';
/** A year of evenings, in less than 100 KB of the 5 MB that a browser gives. */
const PLACES_MAX = 300;
/** Whoever left sooner only looked in: then nothing is remembered, and nothing forgotten. */
export const RESUME_SECONDS_MIN = 10;
/** Credits run from here on. */
const ENDED_SHARE = 0.95;

/** @returns {ResumePosition[]} Newest first. */
function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(stored)) return [];
    return stored.filter((place) => typeof place?.episodeId === 'string');
  } catch {
    // Storage is refused or broken: then nothing is remembered.
    return [];
  }
}

/** @param {ResumePosition} place */
export function remember(place) {
  const others = read().filter((other) => other.episodeId !== place.episodeId);
  try {
    localStorage.setItem(KEY, JSON.stringify([place, ...others].slice(0, PLACES_MAX)));
  } catch {
    // As above.
  }
}

/** @param {string} episodeId */
export function resumePositionOf(episodeId) {
  return read().find((place) => place.episodeId === episodeId);
}

/** @param {ResumePosition} place 0 to 1. */
export function share(place) {
  return place.duration > 0 ? Math.min(place.position / place.duration, 1) : 0;
}

/** @param {ResumePosition} place */
export function isSeen(place) {
  return share(place) >= ENDED_SHARE;
}

/** @param {ResumePosition | undefined} place Where to go on, in seconds; 0 is the beginning. */
export function resumeAt(place) {
  if (!place || place.position < RESUME_SECONDS_MIN || isSeen(place)) return 0;
  return Math.floor(place.position);
}

/** @returns {ResumePosition[]} For each title what was left last, or what follows it. */
export function unfinished() {
  /** @type {Map<string, ResumePosition>} */
  const last = new Map();
  for (const place of read()) {
    if (!last.has(place.catalogId)) last.set(place.catalogId, place);
  }
  return [...last.values()].flatMap((place) => {
    if (!isSeen(place)) return [place];
    return place.next ? [{ ...place, ...place.next, position: 0, duration: 0 }] : [];
  });
}
