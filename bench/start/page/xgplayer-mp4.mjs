// xgplayer with its plugin for plain MP4.

import { put, script } from "./page.mjs";

export async function prepare() {
  await script("/modules/xgplayer/dist/index.min.js");
  await script("/modules/xgplayer-mp4/dist/index.min.js");
}

export function start(container, film, at) {
  const el = put(container, "div");
  const url = new URL(film.mp4, location.href).href;
  const options = { el, url, plugins: [window.Mp4Plugin], autoplay: true, autoplayMuted: true };
  const player = new window.Player({ ...options, startTime: at, width: 640, height: 360 });
  return { video: player.media };
}
