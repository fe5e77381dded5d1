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

/** In the page. */
const appendAll = async (films, atOnce) => (await import('/harness/append.js')).appendAll(films, atOnce);

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
