// Why a browser does not let this page read a URL: found out, and said. It is loaded when a request
// gets no answer, which most playbacks never see.

/** @import { ToPage } from "../protocol/messages.js" */

/** How long it may take to find out. */
const PROBE_MS_MAX = 5000;
/** What was found out, by origin and kind of request. @type {Map<string, Promise<ToPage | undefined>>} */
const found = new Map();

/**
 * The message to the page if its browser does not let it read a URL: only pages of the server's own may
 * (CORS), or the URL is not https and the page's is. The browser's own player may read it all the same.
 * It is found out once for a kind of request.
 * @param {string} kind @param {string} url @param {string} range
 */
export function refusalOf(kind, url, range) {
  const known = found.get(kind) ?? probe(url, range);
  found.set(kind, known);
  return known;
}

/**
 * Finds out why a request got no answer, which the browser does not tell a script: without CORS a
 * request goes through whose answer cannot be read.
 * @param {string} url @param {string} range @returns {Promise<ToPage | undefined>}
 */
async function probe(url, range) {
  const controller = new AbortController();
  const late = setTimeout(() => controller.abort(), PROBE_MS_MAX);
  /** @type {RequestInit} */
  const options = { cache: "no-store", signal: controller.signal };
  /** @type {RequestInit} */
  const unread = { ...options, method: "HEAD", mode: "no-cors" };
  /** @type {RequestInit} */
  const asked = range.startsWith("bytes=") ? { ...options, headers: { Range: range } } : options;
  try {
    const type = await fetch(url, unread).then((response) => response.type, () => undefined);
    const isMixed = url.startsWith("http:") && location.origin.startsWith("https:");
    if (!type && isMixed) return mixed(new URL(url));
    // A redirect may lead to another origin.
    if (type !== "opaque") return;
    return await fetch(url, asked).then(() => undefined, () =>
      controller.signal.aborted ? undefined : cors(new URL(url)));
  } finally {
    clearTimeout(late);
    controller.abort();
  }
}

/** @param {URL} url */
const cors = ({ origin }) => message("cors", "The film's server does not let this site read its films.",
  "The server has to allow this site.",
  `${origin} answers without Access-Control-Allow-Origin for ${location.origin}`);

/** @param {URL} url */
const mixed = ({ origin }) => message("mixed_content",
  "The film is at an address that is not secure, and this page is.",
  "The film has to be at an address with https.",
  `${origin} is not https, and the browser blocks it on ${location.origin}`);

/**
 * @param {string} code @param {string} message @param {string} advice @param {string} details
 * @returns {ToPage}
 */
function message(code, message, advice, details) {
  const fault = { code, message, where: "where the film is",
    advice: `Tell whoever runs this site. ${advice}`, details };
  return { type: "fault", kind: "fallback", fault };
}
