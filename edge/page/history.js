/** Reports to the edge where an episode was left, if the deployment keeps histories. */

import { adopt, resumeSeconds, unfinished } from './resume-positions.js';

/** @typedef {import('./resume-positions.js').ResumePosition} ResumePosition */

const TOKEN = 'firstframe.client';
/** The home view does not wait longer for the history than this. */
const TIMEOUT_MS = 600;

/** Whether this deployment keeps histories, until it says that it does not. */
let isSupported = true;

/** @returns {string | null} Who watches, to the edge, if it has met them. */
export function token() {
  try {
    return localStorage.getItem(TOKEN);
  } catch {
    return null;
  }
}

/** @param {string | null} value */
export function takeToken(value) {
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
  isSupported = typeof made === 'string';
  if (isSupported) takeToken(made);
  return isSupported ? made : null;
}

/**
 * @param {ResumePosition} resume
 * @param {boolean} leaving Whether the page may be gone before the answer comes.
 */
export async function report(resume, leaving) {
  if (!isSupported) return;
  try {
    const client = await session();
    if (client === null) return;
    const response = await fetch('/api/v2/history', {
      method: 'POST',
      keepalive: leaving,
      headers: { 'content-type': 'application/json', 'x-client-token': client },
      body: JSON.stringify({
        catalogId: resume.catalogId,
        episodeId: resume.episodeId,
        positionSeconds: Math.floor(resume.position),
        ...(resume.duration > 0 && { durationSeconds: Math.floor(resume.duration) }),
      }),
    });
    if (response.status === 401) takeToken(null);
    if (response.status === 404 || response.status === 405) isSupported = false;
  } catch {
    // This device has stored the position all the same.
  }
}

/** @param {any} item @returns {ResumePosition} */
function positionFrom(item) {
  return {
    episodeId: String(item.episodeId),
    catalogId: String(item.catalogId),
    position: Number(item.positionSeconds) || 0,
    duration: Number(item.durationSeconds) || 0,
    at: Number(item.updatedAtMs) || 0,
    title: String(item.title ?? item.catalogId),
    detail: String(item.episodeTitle ?? ''),
    coverImage: String(item.coverImage ?? ''),
  };
}

/** @returns {Promise<ResumePosition[]>} The edge's list, else this device's. */
export async function continueWatching() {
  const client = token();
  if (!isSupported || client === null) return unfinished();
  try {
    const response = await fetch('/api/v2/continue-watching', {
      headers: { 'x-client-token': client },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 404) isSupported = false;
    const items = response.ok ? (await response.json())?.data?.items : null;
    if (!Array.isArray(items)) return unfinished();
    const positions = items.map(positionFrom).filter((resume) => resumeSeconds(resume) > 0);
    adopt(positions);
    return positions;
  } catch {
    return unfinished();
  }
}
