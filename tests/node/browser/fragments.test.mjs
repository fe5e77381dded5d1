// The first fragments of every real file that `publish` calls playable, and of files as QuickTime has
// them: the SourceBuffers of both browsers take them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium, firefox } from './browsers.mjs';
import { realFiles } from './corpus.mjs';
import { publish, serve } from '../firstframe.mjs';
import { elementOf, openPlayer } from './fixture.mjs';
import { proxy } from './proxy.mjs';

/** Damaged: no browser decodes one picture of the first, and Chromium parses the other's. */
const DAMAGED = ['mozilla__no_timescale.mp4', 'androidx__sample_with_invalid_nalu.mp4'];
/** What ffmpeg makes of the demo film, by the version of the sound description. */
const QUICKTIME = { 'version-1.mov': ['-ar', '48000'], 'version-2.mov': ['-ar', '96000'] };
/** Films that play at once. */
const AT_ONCE = 4;

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof proxy>>} */
let between;
const files = await realFiles();
/** Title ids by the names of the files. @type {Map<string, string>} */
const titles = new Map();

before(async () => {
  server = await serve();
  const folder = path.join(server.data, 'films');
  await mkdir(folder);
  const clip = new URL('../../../local-runtime/demo/clip.mp4', import.meta.url).pathname;
  for (const [name, sound] of Object.entries(QUICKTIME)) {
    execFileSync('ffmpeg', ['-v', 'error', '-i', clip, '-t', '3', '-c:v', 'copy', '-c:a', 'aac', ...sound,
      path.join(folder, name)]);
    titles.set(name, name.replace('.mov', ''));
  }
  for (const [at, file] of files.entries()) {
    // No number in it, which would make it an episode of another.
    const title = `real-${String.fromCharCode(97 + Math.floor(at / 26), 97 + (at % 26))}`;
    titles.set(path.basename(file), title);
    await copyFile(file, path.join(folder, `${title}${path.extname(file)}`));
  }
  const { status, output } = await publish(server.data, folder);
  assert.equal(status, 0, output);
  between = await proxy(server.url);
}, { timeout: 120_000 });
after(async () => {
  await between?.stop();
  await server?.stop();
});

/** The candidate to play of each film that `publish` calls playable. */
async function playable() {
  const found = [];
  for (const [name, title] of titles) {
    const answer = await fetch(new URL(`/api/v2/stream/${title}.1`, server.url));
    const { data } = /** @type {any} */ (await answer.json());
    const { url, codec } = data?.preferredStream ?? {};
    if (url && !DAMAGED.includes(name)) found.push({ name, episode: `${title}.1`, url, codec });
  }
  return found;
}

/** In the page: appends the start that the edge has of a film, and a player opens what has none. */
async function appendAll(films, atOnce) {
  await globalThis.harness.load();

  /** The boxes of a start by type, `docs/formats.md`. */
  const boxesOf = (bytes) => {
    const boxes = [];
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let at = 0, size = 0; at < bytes.length; at += size) {
      size = view.getUint32(at);
      const content = bytes.subarray(at + 8, at + size);
      const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
      const numbers = new DataView(content.buffer, content.byteOffset, content.byteLength);
      boxes.push({ type, content, number: (at) => numbers.getUint32(4 * at) });
    }
    return boxes;
  };
  /** The bytes to append, by the media type of their track: what is in the first range. */
  const appendsOf = (boxes) => {
    const of = (type) => boxes.filter((box) => box.type === type);
    const media = of('byte')[0]?.content;
    const ranges = boxes.map((box, at) => (box.type === 'rang' ? at : -1)).filter((at) => at >= 0);
    const fragments = boxes.slice(ranges[0], ranges[1]).filter((box) => box.type === 'frag');
    return of('init').map((init) => {
      const isMine = (box) => box.number(0) === init.number(0);
      const mime = new TextDecoder().decode(of('trak').find(isMine).content.subarray(24));
      const parts = [init.content.subarray(4)];
      for (const fragment of fragments.filter(isMine)) {
        const runs = Array.from({ length: fragment.number(3) }, (_, at) =>
          [fragment.number(4 + 2 * at), fragment.number(5 + 2 * at)]);
        parts.push(fragment.content.subarray(16 + 8 * runs.length));
        if (!runs.length) parts.push(media);
        for (const [at, size] of runs) parts.push(media.subarray(at, at + size));
      }
      return { mime, parts };
    });
  };
  const append = async (appends) => {
    const video = document.createElement('video');
    const source = new MediaSource();
    video.src = URL.createObjectURL(source);
    await new Promise((resolve) => source.addEventListener('sourceopen', resolve, { once: true }));
    const buffers = appends.map(({ mime }) => source.addSourceBuffer(mime));
    for (const [at, { mime, parts }] of appends.entries()) {
      for (const part of parts) {
        const failed = new Promise((resolve) => {
          buffers[at].onerror = () => resolve(`${mime}: ${video.error?.message ?? 'refused'}`);
          buffers[at].onupdateend = () => resolve(undefined);
        });
        buffers[at].appendBuffer(part);
        const why = await failed;
        if (why) return why;
      }
      if (parts.length > 1 && !buffers[at].buffered.length) return `${mime}: nothing is buffered`;
    }
  };
  /** A film that has no headers, for it is fragmented. */
  const open = async (src) => {
    const player = document.createElement('firstframe-video');
    const outcome = new Promise((resolve) => {
      player.addEventListener('loadeddata', () => resolve(undefined));
      for (const type of ['firstframe-error', 'firstframe-notice']) {
        player.addEventListener(type, (event) => resolve(JSON.stringify(event.detail)));
      }
      const poll = setInterval(async () => {
        if (!(await player.stats()).bytesAppended) return;
        clearInterval(poll);
        // Some show no frame until they play: of them, no error comes.
        setTimeout(resolve, 2000);
      }, 100);
    });
    for (const [name, value] of Object.entries({ src, muted: '' })) player.setAttribute(name, value);
    document.body.append(player);
    return outcome.finally(() => player.remove());
  };

  const supported = films.filter(({ codec }) => codec.split(', ').every((one) =>
    MediaSource.isTypeSupported(`video/mp4; codecs="${one}"`)));
  const waiting = [...supported];
  /** @type {string[]} */
  const failed = [];
  const worker = async () => {
    for (let film = waiting.shift(); film; film = waiting.shift()) {
      const response = await fetch(`/api/v2/stream/${film.episode}/start?at=0`);
      const appends = appendsOf(boxesOf(new Uint8Array(await response.arrayBuffer())));
      const why = await (appends.length ? append(appends) : open(film.url));
      if (why) failed.push(`${film.name}: ${why}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { failed, names: supported.map(({ name }) => name) };
}

for (const [browserName, launch] of Object.entries({ Chromium: chromium, Firefox: firefox })) {
  test(`${browserName} takes the first fragments of all playable files`, { timeout: 180_000 }, async () => {
    const browser = await launch();
    try {
      const films = await playable();
      const element = await elementOf(server.url);
      const { page } = await openPlayer({ between, browser, element });
      const { failed, names } = await page.evaluate(appendAll, films, AT_ONCE);
      assert.deepEqual(failed, []);
      for (const name of Object.keys(QUICKTIME)) assert.ok(names.includes(name), `${name} is not played`);
    } finally {
      await browser.close();
    }
  });
}
