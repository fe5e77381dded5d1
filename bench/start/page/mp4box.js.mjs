// mp4box.js, driven as its own demonstration does it: chunks of 1 MB, at the offsets that it gives.

import { createFile } from "/modules/mp4box/dist/mp4box.all.mjs";
import { appender, put } from "./page.mjs";

const CHUNK_BYTES = 1 << 20;
const AHEAD_SECONDS = 30;

export function start(container, film, at) {
  const video = put(container);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  const opened = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  play(video, source, opened, film, at).catch((error) => console.error(error));
  return { video };
}

async function play(video, source, opened, film, at) {
  const file = createFile();
  let info;
  file.onReady = (ready) => { info = ready; };
  let next = 0;
  while (!info) next = await load(file, film.mp4, next);
  await opened;
  source.duration = info.duration / info.timescale;
  const appends = new Map();
  for (const track of info.tracks) {
    const type = `${track.video ? "video" : "audio"}/mp4; codecs="${track.codec}"`;
    appends.set(track.id, appender(source.addSourceBuffer(type)));
    file.setSegmentOptions(track.id, undefined, { nbSamples: 24 });
  }
  file.onSegment = (id, _user, buffer) => appends.get(id)(new Uint8Array(buffer));
  for (const { id, buffer } of file.initializeSegmentation("per-track")) appends.get(id)(new Uint8Array(buffer));
  next = file.seek(at, true).offset;
  if (at) video.currentTime = at;
  file.start();
  while (next !== undefined) {
    next = await load(file, film.mp4, next);
    while (video.buffered.length && video.buffered.end(0) > video.currentTime + AHEAD_SECONDS) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Where the next chunk begins; nowhere behind the end. */
async function load(file, url, at) {
  const answer = await fetch(url, { headers: { range: `bytes=${at}-${at + CHUNK_BYTES - 1}` } });
  if (answer.status !== 206) return undefined;
  return file.appendBuffer(Object.assign(await answer.arrayBuffer(), { fileStart: at }));
}
