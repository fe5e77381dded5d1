// hls.js, on the packaged film.

import Hls from "/modules/hls.js/dist/hls.mjs";
import { put } from "./page.mjs";

export function start(container, film, at) {
  const video = put(container);
  const hls = new Hls({ startPosition: at || -1 });
  hls.loadSource(film.hls);
  hls.attachMedia(video);
  return { video };
}
