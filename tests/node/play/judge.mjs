// Compares what was seen of a film in the player with what was seen in the browser's own element.

/** A length may differ by so many seconds, or by this share. */
const SECONDS_MAX = 0.5;
const SHARE_MAX = 0.02;
/** Mean difference of colours, of 255: rounding of one decoder's output gives less than 1, BT.601 taken for BT.709 about 8. */
export const DIFFERENCE_MAX = 3;
/** Sound of native louder than this is heard, and ours below the other is silence, in dB. */
const HEARD_DB = -60;
const SILENT_DB = -90;
/** Two bins of the spectrum. */
const HZ_MAX = 12;
/** ffmpeg's `sine` may sound so many times as high at the beginning of each second. */
const BEEP_FACTOR = 4;

/**
 * @typedef {object} Seen what page.js answers
 * @property {boolean} hasStarted
 * @property {boolean} hasFailed
 * @property {number} base
 * @property {number | null} duration once it moved
 * @property {number | null} [lengthAtEnd] the same after all seeks
 * @property {boolean} [hasPictures]
 * @property {any} first
 * @property {any} start
 * @property {any[]} seeks
 * @property {any[]} events
 * @property {any} state
 * @property {string} [media]
 * @property {string} [lost] why the page was given up
 */

/**
 * What a player that follows the file does, where native may not.
 * @typedef {object} Truth
 * @property {boolean} hasTone whether the film's sound is a tone
 * @property {number} [hz] its frequency
 * @property {number} [seconds] the length
 */

const seconds = (number) => `${Number((number ?? 0).toFixed(1))} s`;

/** Whether it plays at all. @param {Seen} seen */
export const plays = ({ hasStarted, start }) => Boolean(hasStarted && start?.hasMoved);

/** The sentence of the event that ended it, or of the last one. @param {Seen} seen */
export function said({ events = [], media }) {
  const spoken = events.filter(({ message }) => message);
  const last = spoken.find(({ type }) => type === 'firstframe-error') ?? spoken.at(-1);
  return last ? last.message : media ?? '';
}

/** What the browser's own element does. @param {Seen} native */
export function summary(native) {
  const { base, hasFailed, seeks = [] } = native;
  const duration = native.lengthAtEnd ?? native.duration;
  if (!plays(native)) return hasFailed ? 'does not play' : native.hasStarted ? 'stands' : 'shows nothing';
  const from = base > 1 ? ` from ${seconds(base)}` : '';
  if (hasFailed) return `plays${from}, then fails`;
  const bad = seeks.find(({ isSeeked, hasMoved }) => !isSeeked || !hasMoved);
  const what = native.hasPictures === false ? ' of sound' : '';
  const length = `${duration === null ? 'without a length' : seconds(duration)}${what}`;
  return `plays ${length}${from}${bad ? `, stands after a seek to ${seconds(bad.target)}` : ''}`;
}

/**
 * In what ours is worse than native, or stands without an event.
 * @param {Seen} native @param {Seen} ours
 * @param {Truth} truth
 * @returns {string[]}
 */
export function findings(native, ours, truth) {
  if (ours.lost) return [ours.lost];
  if (!plays(ours)) {
    if (!ours.hasFailed) return [`stands ${ours.hasStarted ? `at ${seconds(ours.start?.movedTo)}` : 'before its first picture'}, without an error`];
    return plays(native) ? [`error: ${said(ours)}`] : [];
  }
  const found = [...length(native, ours, truth), ...picture(native.first, ours.first, 'the start')];
  found.push(...sound(native.start, ours.start, 'the start', truth));
  const count = Math.max(native.seeks.length, ours.seeks.length);
  for (let at = 0; at < count; at += 1) found.push(...seek(native, ours, at, truth));
  if (ours.hasFailed && !native.hasFailed && plays(native)) found.push(`error: ${said(ours)}`);
  return [...new Set(found)];
}

/** @param {Seen} native @param {Seen} ours @param {Truth} truth */
function length(native, ours, { seconds: right = null }) {
  const [theirs, our] = [native.lengthAtEnd ?? native.duration, ours.duration];
  if (theirs === null || !plays(native)) return [];
  const isNear = (one) => our !== null && one !== null && Math.abs(our - one) <= Math.max(SECONDS_MAX, SHARE_MAX * one);
  return ![theirs, native.duration, right].some(isNear) ? [`length ${our === null ? 'unknown' : seconds(our)}, not ${seconds(theirs)}`] : [];
}

/** @param {Seen} native @param {Seen} ours @param {number} at @param {Truth} truth */
function seek(native, ours, at, truth) {
  const [theirs, our] = [native.seeks[at], ours.seeks[at]];
  const isGood = Boolean(theirs?.isSeeked && theirs.hasMoved);
  if (!our) {
    const isEarlier = ours.seeks.some(({ isSeeked }) => !isSeeked);
    return isGood && !isEarlier && !ours.hasFailed ? ['a seek was not made'] : [];
  }
  const place = seconds(our.target - ours.base);
  if (!our.isSeeked || !our.hasMoved) {
    if (ours.hasFailed) return [];
    return [our.isSeeked ? `stands after a seek to ${place}` : `a seek to ${place} does not end`];
  }
  if (!isGood) return [];
  const [landed, wanted] = [our.at - ours.base, theirs.at - native.base];
  if (Math.abs(landed - wanted) > SECONDS_MAX) return [`a seek to ${place} goes to ${seconds(landed)}`];
  return [...picture(theirs, our, place), ...sound(theirs, our, place, truth)];
}

/** @param {any} native @param {any} ours @param {string} place */
function picture(native, ours, place) {
  if (!native?.picture) return [];
  if (!ours?.picture) return [`no picture at ${place}`];
  const difference = native.picture.reduce((sum, value, at) => sum + Math.abs(value - ours.picture[at]), 0)
    / native.picture.length;
  return difference > DIFFERENCE_MAX ? [`another picture at ${place} (differs by ${difference.toFixed(1)})`] : [];
}

/** @param {any} native @param {any} ours @param {string} place @param {Truth} truth */
function sound(native, ours, place, { hasTone, hz }) {
  if (!native?.sound || !ours?.sound || native.sound.db < HEARD_DB) return [];
  if (ours.sound.db < SILENT_DB) return [`no sound at ${place}`];
  const tones = [native.sound.hz, hz ?? native.sound.hz]
    .flatMap((one) => [one, one * BEEP_FACTOR, one / BEEP_FACTOR]);
  const isNear = tones.some((one) => Math.abs(one - ours.sound.hz) <= HZ_MAX);
  return hasTone && !isNear ? [`sound of ${ours.sound.hz} Hz at ${place}, not ${native.sound.hz} Hz`] : [];
}
