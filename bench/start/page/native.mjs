// The browser's own player.

import { put } from "./page.mjs";

export function start(stage, film, at) {
  const video = put(stage);
  video.src = at ? `${film.mp4}#t=${at}` : film.mp4;
  return { video };
}
