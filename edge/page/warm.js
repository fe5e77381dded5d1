/** Brings the player near before it is asked for: while a pointer rests on what leads to it. */

import { title } from './library.js';
import { parse } from './route.js';

/** A pointer that only passes by stays shorter than this. */
const REST_MS = 70;

let warmed = false;

/** Puts the worker and the wasm into the browser's cache, where the player finds them. */
export function warmPlayer() {
  if (warmed) return;
  warmed = true;
  const files = [
    new URL('./worker.js', import.meta.url),
    new URL('./sink.js', import.meta.url),
    new URL('./player.js', import.meta.url),
    new URL('./player_bg.wasm', import.meta.url),
  ];
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
  warmPlayer();
  title(route.id).catch(() => {
    // Shown when the view is opened.
  });
}

/** Warms what the person points at, touches or reaches with the keyboard. */
export function warmOnIntent() {
  let resting = 0;
  document.addEventListener('pointerover', (event) => {
    clearTimeout(resting);
    const link = linkOf(event.target);
    if (link) resting = setTimeout(() => warm(link), REST_MS);
  });
  for (const sign of ['pointerdown', 'focusin']) {
    document.addEventListener(sign, (event) => {
      const link = linkOf(event.target);
      if (link && (sign === 'pointerdown' || link.matches(':focus-visible'))) warm(link);
    });
  }
}
