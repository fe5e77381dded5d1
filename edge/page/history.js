/** Tells the edge where an episode was left, if the deployment keeps histories. */

import { resumeAt, unfinished } from './resume-positions.js';

/** @typedef {import('./resume-positions.js').ResumePosition} ResumePosition */

const TOKEN = 'firstframe.client';
/** The home view does not wait longer for the history than this. */
const TIMEOUT_MS = 600;

/** Cleared by the first sign that this deployment has no histories. */
let kept = true;

/** @returns {string | null} Who watches, to the edge, if it has met them. */
export function token() {
  try {
    return localStorage.getItem(TOKEN);
  } catch {
    return null;
  }
}

/** @param {string | null} value */
function setToken(value) {
  try {
    if (value === null) localStorage.removeItem(TOKEN);
    else localStorage.setItem(TOKEN, value);
  } catch {
    // Without storage a session lasts as long as the page.
  }
}

/** @returns {Promise<string | null>} */
async function session() {
  const there = token();
  if (there) return there;
  const response = await fetch('/api/v2/session/anonymous', { method: 'POST' });
  const body = response.ok ? await response.json() : null;
  const made = body?.data?.clientToken;
  kept = typeof made === 'string';
  if (kept) setToken(made);
  return kept ? made : null;
}

/**
 * @param {ResumePosition} place
 * @param {boolean} leaving Whether the page may be gone before the answer comes.
 */
export async function report(place, leaving) {
  if (!kept) return;
  try {
    const client = await session();
    if (client === null) return;
    const response = await fetch('/api/v2/history', {
      method: 'POST',
      keepalive: leaving,
      headers: { 'content-type': 'application/json', 'x-client-token': client },
      body: JSON.stringify({
        catalogId: place.catalogId,
        episodeId: place.episodeId,
        positionSeconds: Math.floor(place.position),
        ...(place.duration > 0 && { durationSeconds: Math.floor(place.duration) }),
      }),
    });
    if (response.status === 401) setToken(null);
    if (response.status === 404 || response.status === 405) kept = false;
  } catch {
    // The place is remembered on this device all the same.
  }
}

/** @param {any} item @returns {ResumePosition} */
function placeFrom(item) {
  return {
    episodeId: String(item.episodeId),
    catalogId: String(item.catalogId),
    position: Number(item.positionSeconds) || 0,
    duration: Number(item.durationSeconds) || 0,
    at: Date.parse(item.updatedAt) || 0,
    title: String(item.title ?? item.catalogId),
    detail: String(item.episodeTitle ?? ''),
    coverImage: String(item.coverImage ?? ''),
  };
}

/** @returns {Promise<ResumePosition[]>} What to go on with: the edge's list, else this device's. */
export async function continueWatching() {
  const client = token();
  if (!kept || client === null) return unfinished();
  try {
    const response = await fetch('/api/v2/continue-watching', {
      headers: { 'x-client-token': client },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 404) kept = false;
    const items = response.ok ? (await response.json())?.data?.items : null;
    if (!Array.isArray(items)) return unfinished();
    return items.map(placeFrom).filter((place) => resumeAt(place) > 0);
  } catch {
    return unfinished();
  }
}
