// Films of which a browser plays only a part: what plays is played, and what is missing is said before
// the click and while it plays; what only the browser's own player has is left to that.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium, firefox, openPage } from './browsers.mjs';
import { publish, serve } from '../firstframe.mjs';
import { elementOf, episodeOf, openPlayer, urlOf } from './fixture.mjs';
import { proxy } from './proxy.mjs';

const PICTURES = ['-f', 'lavfi', '-i', 'testsrc2=s=192x108:r=10'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=330:r=48000'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

/**
 * Films by their names; for each browser what is said of them, if anything, and who plays them.
 * @type {Record<string, { make: string[], Chromium: Expected, Firefox: Expected }>}
 */
const FILMS = {
  'pcm.mov': {
    make: [...PICTURES, ...SOUND, ...H264, '-c:a', 'pcm_s16be'],
    Chromium: { own: true, pictures: true, sound: true, says: /own player plays this film, for its sound: PCM audio/ },
    Firefox: { pictures: true, says: /^No sound in this browser: PCM audio\.$/,
      before: 'No sound in this browser: PCM audio. Another browser may play it.' },
  },
  'aac-main.mp4': {
    make: [...PICTURES, ...SOUND, ...H264, '-c:a', 'aac', '-profile:a', 'aac_main'],
    Chromium: { own: true, pictures: true, sound: true, says: /own player plays this film, for its sound: AAC Main/ },
    Firefox: { own: true, pictures: true, sound: true, says: /own player plays this film, for its sound: AAC Main/ },
  },
  'mpeg-four.mp4': {
    make: [...PICTURES, ...SOUND, '-c:v', 'mpeg4', '-c:a', 'aac'],
    Chromium: { sound: true, says: /^No pictures in this browser: MPEG-4 Part 2 video\.$/,
      before: 'No pictures in this browser: MPEG-4 Part 2 video.' },
    Firefox: { sound: true, says: /^No pictures in this browser: MPEG-4 Part 2 video\.$/,
      before: 'No pictures in this browser: MPEG-4 Part 2 video.' },
  },
  'four-four-four.mp4': {
    make: [...PICTURES, ...SOUND, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv444p', '-c:a', 'aac'],
    Chromium: { pictures: true, sound: true },
    Firefox: { own: true, pictures: true, sound: true, says: /^This browser does not play this kind of H\.264/,
      before: 'This browser does not play this kind of H.264, in which this film is. Another browser may.' },
  },
  'cover.mp4': {
    make: [...PICTURES, ...SOUND, '-vf', 'trim=end_frame=1', '-c:v', 'mjpeg', '-c:a', 'aac'],
    Chromium: { sound: true },
    Firefox: { sound: true },
  },
};

/** @typedef {{ own?: boolean, pictures?: boolean, sound?: boolean, says?: RegExp, before?: string }} Expected */

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof proxy>>} */
let between;
/** @type {string} */
let output;

before(async () => {
  server = await serve();
  const folder = path.join(server.data, 'films');
  await mkdir(folder);
  for (const [name, { make }] of Object.entries(FILMS)) {
    execFileSync('ffmpeg', ['-v', 'error', ...make, '-t', '6', path.join(folder, name)]);
  }
  const published = await publish(server.data, folder);
  assert.equal(published.status, 0, published.output);
  ({ output } = published);
  between = await proxy(server.url);
}, { timeout: 120_000 });
after(async () => {
  await between?.stop();
  await server?.stop();
});

/** @param {string} name */
const titleOf = (name) => name.replace(/\..*/, '');

test('publish says what a film lacks', () => {
  const line = (name) => output.split('\n').find((one) => one.includes(name)) ?? '';
  assert.match(output, /without sound: PCM audio \(twos\).*Chromium plays it in its own player/);
  assert.match(output, /without pictures: MPEG-4 Part 2 video \(mp4v\.20\)/);
  assert.doesNotMatch(line('cover.mp4'), /without/);
});

for (const [browserName, launch] of Object.entries({ Chromium: chromium, Firefox: firefox })) {
  test(`${browserName} plays what it can of a film, and says the rest`, { timeout: 240_000 }, async () => {
    const browser = await launch();
    try {
      const element = await elementOf(server.url);
      for (const [name, film] of Object.entries(FILMS)) {
        const expected = /** @type {Expected} */ (film[browserName]);
        const episode = await episodeOf(server.url, titleOf(name));
        const src = new URL(await urlOf(server.url, episode), between.url).href;
        const title = await openPage(browser);
        await title.page.goto(new URL(`/title/${titleOf(name)}`, server.url).href);
        await title.page.waitForSelector('.title-text h1', { timeout: 30_000 });
        const warning = await title.page.$$eval('.title-warning', (all) => all[0]?.textContent);
        assert.equal(warning ?? undefined, expected.before, `before the click: ${name}`);
        await title.page.browserContext().close();
        for (const attributes of [{ episode }, { src }]) {
          const way = `${name} by ${Object.keys(attributes)[0]}`;
          const { page, close } = await openPlayer({ between, browser, element },
            { ...attributes, muted: '', autoplay: '' });
          await page.waitForFunction(() => {
            const { player, events } = globalThis.harness;
            return player.currentTime > 2 || events.some(({ type }) => type === 'firstframe-error');
          }, { timeout: 60_000 }).catch(() => {});
          const seen = await page.evaluate(() => {
            const { player, events } = globalThis.harness;
            const { video } = player;
            return {
              time: player.currentTime,
              own: Boolean(video.currentSrc) && !video.currentSrc.startsWith('blob:') && !video.srcObject,
              pictures: video.getVideoPlaybackQuality().totalVideoFrames > 0,
              sound: video.mozHasAudio ?? video.webkitAudioDecodedByteCount > 0,
              said: events.filter(({ detail }) => detail).map(({ type, detail }) => `${type}: ${detail.message}`),
            };
          });
          assert.ok(seen.time > 2, `${way} does not play: ${JSON.stringify(seen)}`);
          const { own = false, pictures = false, sound = false, says } = expected;
          assert.deepEqual([seen.own, seen.pictures, seen.sound], [own, pictures, sound],
            `${way}: own player, pictures, sound; ${JSON.stringify(seen)}`);
          assert.equal(seen.said.length, says ? 1 : 0, `${way} says ${seen.said}`);
          if (says) assert.match(seen.said[0]?.replace('firstframe-notice: ', '') ?? '', says, way);
          await close();
        }
      }
    } finally {
      await browser.close();
    }
  });
}
