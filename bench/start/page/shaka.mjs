// Shaka Player, on the packaged film.

import { put, script } from "./page.mjs";

export const prepare = () => script("/modules/shaka-player/dist/shaka-player.compiled.js");

export function start(container, film, at) {
  const video = put(container);
  const player = new shaka.Player();
  player.attach(video).then(() => player.load(film.dash, at || null));
  return { video };
}
