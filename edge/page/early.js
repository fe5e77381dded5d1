/**
 * The script in the page of an episode, and in the player for frames: plays the episode, and loads all else
 * once its first frame is shown.
 */

import { EarlyPlayback } from './element/early-playback.js';
import { onFirstFrame } from './element/video-progress.js';
import { moveResumePositions, resumePositionOf, resumeSeconds } from './resume-positions.js';

/** Without a frame for this long, more than the edge gives a start, all else is loaded too. */
const REST_MS_MAX = 10_000;
/** Without a frame for this long, the browser's own controls show that the film loads. */
const CONTROLS_MS = 500;

/** The scripts of the player and of the page, and what they load then. */
const ELEMENT = '/assets/element/element.js';
const PAGE = '/assets/app.js';
const STYLE = '/assets/page.css';
const FRAME = '/assets/embed.js';
const LATER = ['/assets/worker/worker.js', '/assets/worker/by_headers_bg.wasm'];

const isInFrame = !document.querySelector('.watch');
/** A page that others frame is silent and still, unless it is asked to play. */
const waits = isInFrame && !/[?&]autoplay(=1|&|$)/.test(location.search);
/** What a viewer does before a film that waits has to move. */
const INTENTS = ['play', 'seeking', 'pointerover', 'focusin', 'touchstart'];

let isRestLoaded = false;

function loadRest() {
  if (isRestLoaded) return;
  isRestLoaded = true;
  // All at once: the browser's cache then has what each requests of the others.
  import(ELEMENT).catch(() => {});
  for (const file of LATER) fetch(file).catch(() => {});
  if (isInFrame) return void import(FRAME).catch(() => {});
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = STYLE;
  document.head.append(style);
  import(PAGE).catch(() => {});
}

/**
 * The page's head preloads a start that somebody who goes on elsewhere does not need: only a script that
 * requests it can cancel it.
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

/** Until a viewer turns to a film that waits. @param {HTMLVideoElement} video @returns {Promise<unknown>} */
const wantedOf = (video) => new Promise((go) => {
  for (const intent of INTENTS) video.addEventListener(intent, go, { once: true });
});

/**
 * Where playback begins: where this device left the episode, or another one of the account later; and for
 * which time the page's head preloads the start.
 *
 * @param {HTMLElement} element @param {string} episode
 */
function timesOf({ dataset }, episode) {
  const here = resumePositionOf(episode);
  const preloaded = Number(dataset.left ?? 0);
  const isNewer = Number(dataset.leftAt ?? 0) > (here?.at ?? 0);
  return { time: isNewer ? preloaded : resumeSeconds(here), preloaded };
}

/** @param {HTMLElement} element @param {string} episode */
function begin(element, episode) {
  // This device may know the episode by an id that it had.
  const former = element.dataset.former?.match(/\S+/g) ?? [];
  moveResumePositions(Object.fromEntries(former.map((id) => [id, episode])));
  const video = document.createElement('video');
  video.setAttribute('part', 'video');
  video.playsInline = true;
  element.attachShadow({ mode: 'open', delegatesFocus: true }).append(video);
  const { time, preloaded } = timesOf(element, episode);
  const until = isInFrame ? 'still' : 'picture';
  const url = (/** @type {number} */ from) =>
    `/api/v2/stream/${encodeURIComponent(episode)}/start?at=${from.toFixed(3)}&until=${until}`;
  const wanted = waits ? wantedOf(video) : undefined;
  const early = new EarlyPlayback(video, url(time), time, wanted);
  if (time > 0) element.setAttribute('start', `${time}`);
  if (time !== preloaded) cancelPreload(url(preloaded));
  Reflect.set(element, 'early', early);
  const late = setTimeout(loadRest, REST_MS_MAX);
  // The browser makes them by documents of their own, for which the first frame would wait.
  const showControls = () => (video.controls = true);
  setTimeout(showControls, CONTROLS_MS);
  const shown = () => {
    showControls();
    document.querySelector('.poster')?.remove();
    if (!wanted) return loadRest();
    clearTimeout(late);
    wanted.then(loadRest);
  };
  // Behind a poster no frame is shown.
  if (waits) video.addEventListener('loadeddata', shown, { once: true });
  else onFirstFrame(video, shown);
  video.addEventListener('error', loadRest);
  early.begun.catch(loadRest);
  if (waits) video.poster = element.getAttribute('poster') ?? '';
  else play(video);
}

/** @type {HTMLElement | null} */
const element = document.querySelector('firstframe-video');
const episode = element?.getAttribute('episode');
if (element && episode && (globalThis.MediaSource || Reflect.get(globalThis, 'ManagedMediaSource'))) {
  begin(element, episode);
} else if (element) {
  loadRest();
}
