// Films whose tracks do not begin or end together, or that have few pictures: the clock, seeks and the
// end go on as if both tracks were there.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium, firefox } from './browsers.mjs';
import { realFiles } from './corpus.mjs';
import { elementOf, episodeOf, openPlayer, playedTo, urlOf } from './fixture.mjs';
import { publish, serve } from '../firstframe.mjs';
import { proxy } from './proxy.mjs';

const pictures = (seconds) => ['-f', 'lavfi', '-t', `${seconds}`, '-i', 'testsrc2=s=192x108:r=24'];
const sound = (seconds) => ['-f', 'lavfi', '-t', `${seconds}`, '-i', 'sine=330:r=48000'];
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '48'];
const AAC = ['-c:a', 'aac', '-b:a', '24k'];

/** What ffmpeg is given, by the name of the film. @type {Record<string, string[]>} */
const FILMS = {
  'sound-ends-early': [...pictures(60), ...sound(5), ...H264, ...AAC],
  'pictures-end-early': [...pictures(5), ...sound(70), ...H264, ...AAC],
  'pictures-end-a-little-early': [...pictures(40), ...sound(50), ...H264, ...AAC],
  'one-picture': [...pictures(0.04), ...sound(60), ...H264, ...AAC],
  'pictures-begin-late': [...sound(40), '-itsoffset', '6', ...pictures(34), ...H264, ...AAC],
  'sound-begins-late': [...pictures(40), '-itsoffset', '6', ...sound(34), ...H264, ...AAC],
  'hole-of-sound': [...pictures(60), ...sound(60), '-af', "aselect='lt(t,5)+gt(t,45)'", ...H264, ...AAC],
  'a-picture-each-half-minute': [...pictures(180), ...sound(180), '-vf', "select='not(mod(n,720))'",
    '-fps_mode', 'vfr', ...H264, ...AAC],
};
const FRAGMENTS = [...pictures(30), ...sound(30), ...H264, ...AAC, '-video_track_timescale', '12288',
  '-movflags', 'frag_keyframe+empty_moov+default_base_moof+skip_trailer'];
/** The same of films made after public reports. */
const CASES = {
  'c01-audio-5s-of-90.mp4': 'case-one', 'c03-one-picture-90s-sound.mp4': 'case-three',
  'c05-picture-6s-late.mp4': 'case-five', 'c10-vfr-40s-pictures-and-sound.mp4': 'case-ten',
};

/** Of 30 s, in fragments whose clock begins at an hour; nothing lists them. */
const LATE = 'clock-at-an-hour';
/** The clocks of its tracks, in ticks a second. */
const SCALES = [12_288, 48_000];

/** Adds an hour to every `tfdt` of fragments. @param {Buffer} film */
function atAnHour(film) {
  for (let at = film.indexOf('tfdt'); at >= 0; at = film.indexOf('tfdt', at + 1)) {
    const track = film.readUInt32BE(film.lastIndexOf('tfhd', at) + 8);
    film.writeBigUInt64BE(film.readBigUInt64BE(at + 8) + BigInt(3600 * SCALES[track - 1]), at + 8);
  }
  return film;
}

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof proxy>>} */
let between;
const names = Object.keys(FILMS);
for (const file of await realFiles()) {
  const name = CASES[path.basename(file)];
  if (name) names.push(name);
}

before(async () => {
  server = await serve();
  const folder = path.join(server.data, 'films');
  await mkdir(folder);
  for (const [name, arguments_] of Object.entries({ ...FILMS, [LATE]: FRAGMENTS })) {
    execFileSync('ffmpeg', ['-v', 'error', ...arguments_, path.join(folder, `${name}.mp4`)]);
  }
  await writeFile(path.join(folder, `${LATE}.mp4`), atAnHour(await readFile(path.join(folder, `${LATE}.mp4`))));
  for (const file of await realFiles()) {
    const name = CASES[path.basename(file)];
    if (name && existsSync(file)) await copyFile(file, path.join(folder, `${name}.mp4`));
  }
  const { status, output } = await publish(server.data, folder);
  assert.equal(status, 0, output);
  between = await proxy(server.url);
}, { timeout: 240_000 });
after(async () => {
  await between?.stop();
  await server?.stop();
});

/** Plays from the beginning, from three other places, and to the end. @param {import('puppeteer-core').Page} page */
async function playEverywhere(page) {
  await playedTo(page, 1);
  const { duration, played } = await page.evaluate(() => ({
    duration: globalThis.harness.player.duration,
    played: globalThis.harness.player.played.start(0),
  }));
  assert.ok(played < 0.3, `playback begins at ${played} s`);
  for (const time of [duration * 0.6, 2, duration - 8]) {
    await page.evaluate((to) => globalThis.harness.seek(to), time);
    await playedTo(page, time + 1);
  }
  await page.evaluate((to) => globalThis.harness.seek(to), duration - 1.5);
  await page.waitForFunction(() => globalThis.harness.player.ended, { timeout: 60_000 });
  const { events, shown } = await page.evaluate(() => ({
    events: globalThis.harness.events.filter(({ type }) => /firstframe|error/.test(type)),
    shown: globalThis.harness.pictures.length,
  }));
  assert.deepEqual(events, []);
  assert.ok(shown > 0, 'no picture was shown');
}

for (const [browserName, launch] of Object.entries({ Chromium: chromium, Firefox: firefox })) {
  describe(browserName, { timeout: 900_000 }, () => {
    /** @type {import('puppeteer-core').Browser} */
    let browser;
    before(async () => {
      browser = await launch();
    }, { timeout: 120_000 });
    after(() => browser?.close());

    for (const name of names) {
      for (const by of ['episode', 'src']) {
        test(`${name} plays from everywhere to its end, by ${by}`, { timeout: 240_000 }, async () => {
          const element = await elementOf(server.url);
          const episode = await episodeOf(server.url, name);
          const film = by === 'src' ? { src: await urlOf(server.url, episode) } : { episode };
          const { page, close } = await openPlayer({ between, browser, element }, {
            ...film, muted: '', autoplay: '',
          });
          await playEverywhere(page);
          await close();
        });
      }
    }

    for (const by of ['episode', 'src']) {
      test(`a clock that begins at an hour is shown from 0, by ${by}`, { timeout: 120_000 }, async () => {
        const element = await elementOf(server.url);
        const episode = await episodeOf(server.url, LATE);
        const film = by === 'src' ? { src: await urlOf(server.url, episode) } : { episode };
        const { page, close } = await openPlayer({ between, browser, element }, { ...film, preload: 'auto' });
        await page.waitForFunction(() => globalThis.harness.player.readyState >= 2, { timeout: 60_000 });
        const { duration, stats } = await page.evaluate(async () => ({
          duration: globalThis.harness.player.duration,
          stats: await globalThis.harness.player.stats(),
        }));
        assert.ok(Math.abs(duration - 30) < 0.5, `before it plays it has ${duration} s`);
        assert.equal(stats.timelineOffset, 3600);
        await page.evaluate(() => globalThis.harness.seek(21));
        await page.evaluate(() => globalThis.harness.player.play());
        await playedTo(page, 22);
        await close();
      });
    }
  });
}
