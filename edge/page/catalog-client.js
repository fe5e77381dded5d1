/** Reads the catalog from the edge; responses are cached for a minute, and for going back. */

import { moveResumePositions } from './resume-positions.js';

/**
 * @typedef {object} Card
 * @property {string} id
 * @property {string} title
 * @property {string} coverImage Empty where there is none.
 * @property {string} [statusLabel]
 * @property {string} [episodeLabel]
 *
 * @typedef {object} Home
 * @property {Card[]} featured
 * @property {Card[]} ongoing
 * @property {Card[]} recent
 *
 * @typedef {object} Episode
 * @property {string} id
 * @property {string} catalogId
 * @property {number} number
 * @property {string} title
 * @property {string} [label]
 * @property {string} [releasedAt]
 * @property {number} [durationMs]
 * @property {string} [codec] Of the file that plays: RFC 6381 names, with commas.
 * @property {{ kind: 'pictures' | 'sound', name: string, ownPlayers: string[] }[]} [missing] What the film
 *   has and Media Source Extensions do not play; engines whose own players do.
 * @property {string} [unplayable] Why no browser plays it.
 *
 * @typedef {object} Title
 * @property {string} id
 * @property {string} title
 * @property {string} synopsis
 * @property {string} coverImage
 * @property {string} [bannerImage]
 * @property {string[]} genres
 * @property {Record<string, string>} metadata
 * @property {Episode[]} episodes
 * @property {Record<string, string>} [movedEpisodes] Episode ids by those that they had.
 * @property {Card[]} recommendations
 */

/** Older responses are requested again, so that a new title shows soon after it is published. */
const FRESH_MS = 60_000;
/** A visit that opens more titles than this reads the first ones again. */
const RESPONSES_MAX = 100;
/** Longer than a slow mobile network needs for a few kilobytes. */
const TIMEOUT_MS = 20_000;

/** Why a view cannot be shown. */
export class CatalogError extends Error {
  /**
   * @param {'missing' | 'private' | 'unreachable' | 'failed'} kind
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** @type {Map<string, { at: number, data: Promise<any> }>} */
const responses = new Map();

/** @param {string} path */
async function request(path) {
  let response;
  try {
    // No headers of our own: the request must match the preload of the page's head.
    response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new CatalogError('unreachable', 'The server does not answer.');
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body?.data) return body.data;
  const code = body?.error?.code;
  const message = body?.error?.message ?? `The server answers with status ${response.status}.`;
  if (code === 'sign_in_required') throw new CatalogError('private', message);
  const missing = response.status === 404 || code === 'invalid_identifier';
  throw new CatalogError(missing ? 'missing' : 'failed', message);
}

/**
 * @param {string} path
 * @param {boolean} useOld Whether an older response will do.
 */
function read(path, useOld) {
  const there = responses.get(path);
  if (there && (useOld || performance.now() - there.at < FRESH_MS)) return there.data;
  const data = request(path);
  responses.delete(path);
  responses.set(path, { at: performance.now(), data });
  const [oldest] = responses.keys();
  if (responses.size > RESPONSES_MAX && oldest !== undefined) responses.delete(oldest);
  data.catch(() => {
    if (responses.get(path)?.data === data) responses.delete(path);
  });
  return data;
}

/**
 * @param {boolean} [useOld]
 * @returns {Promise<Home>}
 */
export function home(useOld = false) {
  return read('/api/v2/home', useOld);
}

/**
 * @param {string} id
 * @param {boolean} [useOld]
 * @returns {Promise<Title>}
 */
export async function title(id, useOld = false) {
  const title = await read(`/api/v2/catalog/${encodeURIComponent(id)}`, useOld);
  if (title.movedEpisodes) moveResumePositions(title.movedEpisodes);
  return title;
}

/** Forgets every response, so that a retry requests it again. */
export function forget() {
  responses.clear();
}
