// dash.js, on the packaged film.

import { put, script } from "./page.mjs";

export const prepare = () => script("/modules/dashjs/dist/modern/umd/dash.all.min.js");

export function start(container, film, at) {
  const video = put(container);
  const player = dashjs.MediaPlayer().create();
  player.initialize(video, film.dash, true, at || undefined);
  return { video };
}
