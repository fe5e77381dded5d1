// As little as can be: a file with just what the first frame needs, appended as it comes.

import { put } from "./page.mjs";

export function start(container, film, at) {
  const video = put(container);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  const answer = fetch(film.floor);
  source.addEventListener("sourceopen", async () => {
    const buffer = source.addSourceBuffer(film.codecs.replace(/,[^"]*/, ""));
    const reader = (await answer).body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      buffer.appendBuffer(piece.value);
      await new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
      if (at && buffer.buffered.length && video.currentTime === 0) video.currentTime = buffer.buffered.start(0);
    }
  });
  return { video };
}
