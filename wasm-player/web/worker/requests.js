// What is asked of the edge, and of any server of ranges.

/** @import { PrepareMessage } from "../protocol/messages.js" */

/** @param {PrepareMessage} message */
export const streamUrl = ({ api, episode = "" }) => `${api}/api/v2/stream/${encodeURIComponent(episode)}`;

/**
 * What is made of a film from a time on, in milliseconds, or from a place of five numbers on.
 * @param {string} base @param {ArrayLike<number>} from
 */
export function madeUrl(base, from) {
  const url = new URL(base);
  url.searchParams.delete("at");
  if (from.length > 1) url.searchParams.set("from", Array.from(from).join("."));
  else url.searchParams.set("at", ((from[0] ?? 0) / 1000).toFixed(3));
  return url.href;
}

/** @param {PrepareMessage} message @param {ArrayLike<number>} from */
export const firstUrl = (message, from) =>
  madeUrl(message.headers ?? `${streamUrl(message)}/start`, from);

/** In milliseconds: who is so far away wants more in hand than the first picture, to play on. */
const FAR_MS = 200;
/** What the browser knows of the way to the network; only Chromium tells. */
const connection = Reflect.get(navigator, "connection");

/**
 * What is asked for at the click: no more of an episode than its first picture needs. What was
 * prepared is longer, for nobody has waited for it.
 * @param {PrepareMessage} message
 */
export function openingUrl(message) {
  const url = firstUrl(message, [Math.round(message.start * 1000)]);
  const isFar = connection?.rtt > FAR_MS;
  const isShort = message.type === "open" && message.episode !== undefined && !message.exact;
  return isShort && !isFar ? `${url}&until=picture` : url;
}

/** So long does all else wait for the first picture, once what that needs is there. */
const PICTURE_MS_MAX = 100;
/** @type {(value?: unknown) => void} */
let isThere;
/** @type {Promise<unknown>} */
const picture = new Promise((resolve) => (isThere = resolve));
/** @type {Promise<unknown> | undefined} */
let late;

/** The first picture is shown. */
export const firstFrameShown = () => isThere();

/** Until the first picture is shown, or should be. */
export function afterFirstFrame() {
  return late ??= Promise.race([picture, new Promise((go) => setTimeout(go, PICTURE_MS_MAX))]);
}

// These two are the pipeline's own first requests (limits.rs), made before it is there.
const HEAD_BYTES = 262144;
const TAIL_BYTES = 524288;

/**
 * The HTTP cache stays out of it: it lets one request to a URL wait for another, and Chromium's
 * answers 200 from it where a 206 has `Vary`.
 * @param {string} url @param {string} range @param {Promise<unknown>} [after]
 */
export function askRange(url, range, after = Promise.resolve()) {
  const controller = new AbortController();
  const { signal } = controller;
  const ask = () => fetch(url, { headers: { Range: range }, cache: "no-store", signal });
  const response = after.then(ask);
  response.catch(() => {}); // The player hears of it when it takes the request over.
  return { range, response, controller };
}

/** @param {{ url: string, size?: number }} file */
export function askFirst({ url, size }) {
  const headEnd = Math.min(size || Infinity, HEAD_BYTES);
  const early = [askRange(url, `bytes=0-${headEnd - 1}`)];
  if (!size) early.push(askRange(url, `bytes=-${TAIL_BYTES}`));
  else if (size > headEnd) {
    early.push(askRange(url, `bytes=${Math.max(size - TAIL_BYTES, headEnd)}-${size - 1}`));
  }
  return early;
}

/** @type {string[]} ETags and the like: the player knows them by their place, from 1 on */
const validators = [];

/** @param {string | null} validator */
export function nameOf(validator) {
  if (!validator) return 0;
  return validators.indexOf(validator) + 1 || validators.push(validator);
}
