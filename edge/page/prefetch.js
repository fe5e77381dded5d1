/** Prefetches the player and film starts while a pointer rests on a link that plays. */

import { title } from './library.js';
import { resumePositionOf, resumeAt } from './resume-positions.js';
import { parse } from './route.js';

/** A pointer that only passes by stays shorter than this. */
const REST_MS = 70;
/** One that stays as long as this means it: then the film's beginning is fetched. */
const MEANT_MS = 230;

let warmed = false;

/**
 * Puts the player into the browser's cache, where its worker finds it, and makes a worker that waits
 * for a film.
 */
export function prefetchPlayer() {
  if (warmed) return;
  warmed = true;
  const files = [
    new URL('./worker/worker.js', import.meta.url),
    new URL('./worker/requests.js', import.meta.url),
    new URL('./worker/stats.js', import.meta.url),
    new URL('./worker/inputs.js', import.meta.url),
    new URL('./worker/wasm-modules.js', import.meta.url),
    new URL('./sink/sink.js', import.meta.url),
    new URL('./sink/sink-proxy.js', import.meta.url),
    new URL('./worker/start.js', import.meta.url),
    new URL('./worker/fault-messages.js', import.meta.url),
    new URL('./worker/by_headers.js', import.meta.url),
    new URL('./worker/by_headers_bg.wasm', import.meta.url),
  ];
  import('./element/element.js').catch(() => {});
  for (const file of files) {
    fetch(file)
      .then((response) => response.arrayBuffer())
      .catch(() => {
        // The player asks again, and says what is wrong.
        warmed = false;
      });
  }
}

/** @param {EventTarget | null} target */
function linkOf(target) {
  return target instanceof Element ? target.closest('a') : null;
}

/** @param {HTMLAnchorElement} link */
function warm(link) {
  if (link.origin !== location.origin) return;
  const route = parse(link.pathname);
  if (route.view !== 'title' && route.view !== 'watch') return;
  prefetchPlayer();
  title(route.id).catch(() => {
    // Shown when the view is opened.
  });
}

/** The film that a link plays, so that a click shows its first frame at once. @param {HTMLAnchorElement} link */
async function prepare(link) {
  const route = parse(link.pathname);
  if (link.origin !== location.origin || route.view !== 'watch') return;
  const { FirstframeVideo } = await import('./element/element.js');
  const { episodeId: episode } = route;
  FirstframeVideo.prepare({ episode, start: resumeAt(resumePositionOf(episode)) });
}

/** Warms what the person points at, touches or reaches with the keyboard. */
export function prefetchOnIntent() {
  let resting = 0;
  document.addEventListener('pointerover', (event) => {
    clearTimeout(resting);
    const link = linkOf(event.target);
    if (!link) return;
    resting = setTimeout(() => {
      warm(link);
      resting = setTimeout(() => void prepare(link).catch(() => {}), MEANT_MS);
    }, REST_MS);
  });
  for (const sign of ['pointerdown', 'focusin']) {
    document.addEventListener(sign, (event) => {
      const link = linkOf(event.target);
      if (link && (sign === 'pointerdown' || link.matches(':focus-visible'))) warm(link);
    });
  }
}
