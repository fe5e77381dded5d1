/** The script in the page of an episode: plays it, and loads all else once its first frame is shown. */

import { EarlyPlayback } from './element/early-playback.js';
import { moveResumePositions, resumePositionOf, resumeSeconds } from './resume-positions.js';

/** Without a frame for this long, more than the edge gives a start, all else is loaded too. */
const REST_MS_MAX = 10_000;

/** The scripts of the player and of the page, and what they load then. */
const ELEMENT = '/assets/element/element.js';
const PAGE = '/assets/app.js';
const STYLE = '/assets/page.css';
const LATER = ['/assets/worker/worker.js', '/assets/worker/by_headers_bg.wasm'];

let isRestLoaded = false;

function loadRest() {
  if (isRestLoaded) return;
  isRestLoaded = true;
  // All at once: the browser's cache then has what each requests of the others.
  import(ELEMENT).catch(() => {});
  for (const file of LATER) fetch(file).catch(() => {});
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = STYLE;
  document.head.append(style);
  import(PAGE).catch(() => {});
}

/**
 * The page's head preloads the start of the film's beginning, which somebody who goes on elsewhere does
 * not need: only a script that requests it can cancel it.
 *
 * @param {string} url
 */
function cancelPreload(url) {
  const controller = new AbortController();
  fetch(url, { cache: 'no-store', signal: controller.signal }).catch(() => {});
  setTimeout(() => controller.abort());
}

/** With sound, without it where the browser demands that, or not at all. @param {HTMLVideoElement} video */
async function play(video) {
  /** @type {HTMLElement | null} */
  const sound = document.querySelector('.sound');
  const isForbidden = (/** @type {unknown} */ error) =>
    error instanceof DOMException && error.name === 'NotAllowedError';
  try {
    return await video.play();
  } catch (error) {
    if (!isForbidden(error)) return;
  }
  video.muted = true;
  try {
    await video.play();
  } catch (error) {
    if (isForbidden(error)) video.muted = false;
    return;
  }
  if (!sound) return;
  sound.hidden = false;
  sound.addEventListener('click', () => (video.muted = false));
  video.addEventListener('volumechange', () => (sound.hidden = !video.muted));
}

/** @param {HTMLElement} element @param {string} episode */
function begin(element, episode) {
  // This device may know the episode by an id that it had.
  const former = element.dataset.former?.match(/\S+/g) ?? [];
  moveResumePositions(Object.fromEntries(former.map((id) => [id, episode])));
  const video = document.createElement('video');
  video.setAttribute('part', 'video');
  video.controls = video.playsInline = true;
  element.attachShadow({ mode: 'open', delegatesFocus: true }).append(video);
  const time = resumeSeconds(resumePositionOf(episode));
  const url = (/** @type {number} */ from) =>
    `/api/v2/stream/${encodeURIComponent(episode)}/start?at=${from.toFixed(3)}&until=picture`;
  const early = new EarlyPlayback(video, url(time), time);
  if (time > 0) {
    element.setAttribute('start', `${time}`);
    cancelPreload(url(0));
  }
  Reflect.set(element, 'early', early);
  const shown = () => {
    document.querySelector('.poster')?.remove();
    loadRest();
  };
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(shown);
  else video.addEventListener('loadeddata', shown);
  video.addEventListener('error', loadRest);
  early.begun.catch(loadRest);
  setTimeout(loadRest, REST_MS_MAX);
  play(video);
}

/** @type {HTMLElement | null} */
const element = document.querySelector('firstframe-video');
const episode = element?.getAttribute('episode');
if (element && episode && (globalThis.MediaSource || Reflect.get(globalThis, 'ManagedMediaSource'))) {
  begin(element, episode);
} else {
  loadRest();
}
