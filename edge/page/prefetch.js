/** Prefetches the player, titles and film starts while a pointer rests on a link that leads to them. */

import { title } from './catalog-client.js';
import { resumePositionOf, resumeSeconds } from './resume-positions.js';
import { parse } from './route.js';

/** A pointer that only passes over a link stays shorter than this. */
const HOVER_MS = 70;
/** A pointer that stays this much longer will probably click: then the film's start is fetched. */
const INTENT_MS = 230;

let isPrefetched = false;

/** The worker's script, the wasm of films with headers, and what the page needs if workers have no MediaSource. */
const FILES = [
  new URL('./worker/worker.js', import.meta.url),
  new URL('./worker/by_headers_bg.wasm', import.meta.url),
  ...(globalThis.MediaSource?.canConstructInDedicatedWorker
    ? []
    : [new URL('./sink/sink.js', import.meta.url)]),
];

/** Fetches the player into the browser's cache, and starts a worker that waits for a film. */
export function prefetchPlayer() {
  if (isPrefetched) return;
  isPrefetched = true;
  import('./element/element.js').then(({ FirstframeVideo }) => FirstframeVideo.prepare(), () => {});
  for (const file of FILES) {
    fetch(file)
      .then((response) => response.arrayBuffer())
      .catch(() => {
        // The player requests the file again, and reports what is wrong.
        isPrefetched = false;
      });
  }
}

/** @param {EventTarget | null} target */
function linkOf(target) {
  return target instanceof Element ? target.closest('a') : null;
}

/** @param {HTMLAnchorElement} link */
function prefetchTitle(link) {
  if (link.origin !== location.origin) return;
  const route = parse(link.pathname);
  if (route.view !== 'title' && route.view !== 'watch') return;
  prefetchPlayer();
  title(route.id).catch(() => {
    // Shown when the view is opened.
  });
}

/** Fetches the start of the film that a link plays. @param {HTMLAnchorElement} link */
async function prefetchStart(link) {
  const route = parse(link.pathname);
  if (link.origin !== location.origin || route.view !== 'watch') return;
  const { FirstframeVideo } = await import('./element/element.js');
  const { episodeId: episode } = route;
  FirstframeVideo.prepare({ episode, start: resumeSeconds(resumePositionOf(episode)) });
}

/** Prefetches what the viewer points at, touches or reaches with the keyboard. */
export function prefetchOnIntent() {
  let timer = 0;
  document.addEventListener('pointerover', (event) => {
    clearTimeout(timer);
    const link = linkOf(event.target);
    if (!link) return;
    timer = setTimeout(() => {
      prefetchTitle(link);
      timer = setTimeout(() => void prefetchStart(link).catch(() => {}), INTENT_MS);
    }, HOVER_MS);
  });
  for (const type of ['pointerdown', 'focusin']) {
    document.addEventListener(type, (event) => {
      const link = linkOf(event.target);
      if (link && (type === 'pointerdown' || link.matches(':focus-visible'))) prefetchTitle(link);
    });
  }
}
