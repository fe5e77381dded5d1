// The browser's own player.

import { put } from "./page.mjs";

export function start(container, film, at) {
  const video = put(container);
  video.src = at ? `${film.mp4}#t=${at}` : film.mp4;
  return { video };
}
