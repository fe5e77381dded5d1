// What a browser says of times is what ffprobe says: of every picture shown, of all that is buffered.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium, firefox } from './browsers.mjs';
import { CORPUS, corpusIsThere, publishCorpus } from './corpus.mjs';
import { serve } from '../firstframe.mjs';
import { proxy } from './proxy.mjs';
import { elementOf, openPlayer, urlOf } from './fixture.mjs';

/** Streams that are broken: decode errors end them, wherever they play. */
const DAMAGED = ['androidx__sample_with_invalid_nalu.mp4', 'mozilla__no_timescale.mp4'];
/** ffprobe does not read its encryption boxes. */
const UNPROBED = 'androidx__sample_fragmented_clearkey.mp4';
/** ffprobe tells times of its sound, which has no sample description. */
const WITHOUT_SOUND = 'androidx__sample_missing_stsd.mp4';
/** What each has no decoder for. */
const UNDECODED = {
  Chromium: ['androidx__hlg10-color-test.mp4', 'androidx__sample_with_vobsub.mp4',
    'mozilla__sine-3s-xhe-aac-44khz-mono.mp4', 'vanilagy__video-h265.mp4'],
  Firefox: ['androidx__sample_with_vobsub.mp4', 'mozilla__sine-3s-xhe-aac-44khz-mono.mp4'],
};
/** Longer films are not buffered whole: their end is not looked at. */
const WHOLE_SECONDS_MAX = 20;
/** Browsers count in microseconds, films in ticks. */
const ROUNDING = 0.002;

/**
 * When each picture is shown and each sound heard, edits applied, in seconds.
 * @param {string} file
 * @returns {Promise<Map<string, Array<{ start: number, end: number }>>>} video and audio
 */
async function oracle(file) {
  const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', '-of', 'json',
    '-show_entries', 'packet=codec_type,stream_index,pts_time,dts_time,duration_time,flags', file],
  { maxBuffer: 64 << 20 });
  const tracks = new Map();
  const streams = new Map();
  for (const packet of JSON.parse(stdout).packets) {
    const { codec_type: kind, stream_index: stream, pts_time: pts, dts_time: dts } = packet;
    if (!['video', 'audio'].includes(kind)) continue;
    if (streams.get(kind) === undefined) streams.set(kind, stream);
    if (streams.get(kind) !== stream || packet.flags.includes('D')) continue;
    const times = tracks.get(kind) ?? [];
    // The first picture of a track that begins late is shown from 0 on.
    const isLate = kind === 'video' && !times.length && Number(dts) > 0;
    const start = isLate ? 0 : Number(pts);
    times.push({ start, end: start + Number(packet.duration_time ?? 0) });
    tracks.set(kind, times);
  }
  for (const times of tracks.values()) times.sort((a, b) => a.start - b.start);
  if (file.endsWith(WITHOUT_SOUND)) tracks.delete('audio');
  return tracks;
}

/** Plays a second, or what there is. @param {import('puppeteer-core').Page} page */
async function look(page) {
  await page.waitForFunction((whole) => {
    const { player, events, ranges } = globalThis.harness;
    const ends = ({ type, detail }) => type.startsWith('firstframe-') && type !== 'firstframe-waiting'
      && detail?.code !== 'missing_track';
    if (events.some(ends)) return true;
    const [first] = globalThis.harness.ranges();
    if (!first || !(player.duration > 0)) return false;
    const all = player.duration > whole || first[1] >= player.duration - 0.5;
    return all && (player.ended || player.currentTime > first[0] + 1);
  }, { timeout: 60_000, polling: 50 }, WHOLE_SECONDS_MAX);
  return page.evaluate(() => ({
    faults: globalThis.harness.events.filter(({ type, detail }) =>
      /^firstframe-(error|notice)$/.test(type) && detail.code !== 'missing_track'),
    shown: globalThis.harness.pictures.map(([time]) => time),
    ranges: globalThis.harness.ranges(),
    duration: globalThis.harness.player.duration,
  }));
}

if (corpusIsThere()) {
  const ways = [
    { name: 'Chromium', launch: chromium, by: 'episode' },
    { name: 'Chromium', launch: chromium, by: 'src' },
    { name: 'Firefox', launch: firefox, by: 'episode' },
  ];
  for (const { name, launch, by } of ways) {
    describe(`media times in ${name}, by ${by}`, { timeout: 900_000 }, () => {
      /** @type {Awaited<ReturnType<typeof serve>>} */
      let server;
      /** @type {Awaited<ReturnType<typeof proxy>>} */
      let between;
      /** @type {import('puppeteer-core').Browser} */
      let browser;
      /** @type {Map<string, string>} */
      let episodes;

      before(async () => {
        server = await serve(['--cors-origins', '*']);
        ({ episodes } = await publishCorpus(server));
        between = await proxy(server.url);
        browser = await launch();
      }, { timeout: 240_000 });
      after(async () => {
        await browser?.close();
        await between?.stop();
        await server?.stop();
      });

      test('frame times equal those of ffprobe, file by file', { timeout: 900_000 }, async (t) => {
        const element = await elementOf(server.url);
        for (const [file, episode] of [...episodes].sort()) {
          if ([...DAMAGED, UNPROBED, ...UNDECODED[name]].includes(file)) continue;
          await t.test(file, { timeout: 90_000 }, async () => {
            const tracks = await oracle(path.join(CORPUS, file));
            // An episode plays by headers of the edge where it can, a file by its own index.
            const film = by === 'src' ? await urlOf(server.url, episode) : episode;
            const { page, close } = await openPlayer({ between, browser, element }, {
              [by]: film, muted: '', autoplay: '',
            });
            try {
              check(tracks, await look(page));
            } finally {
              await close();
            }
          });
        }
      });
    });
  }
}

/**
 * @param {Awaited<ReturnType<typeof oracle>>} tracks
 * @param {Awaited<ReturnType<typeof look>>} seen
 */
function check(tracks, { faults, shown, ranges, duration }) {
  assert.deepEqual(faults, []);
  const all = [...tracks.values()];
  const video = tracks.get('video') ?? [];
  const frame = Math.max(...all.map((times) => Math.max(...times.slice(0, 50).map(
    ({ start, end }) => end - start))));
  shown.forEach((time, at) => {
    // Where the sound begins within a picture, the player goes to that time, and Firefox tells the
    // picture by it.
    const known = [...video.map((one) => one.start), ranges[0]?.[0] ?? 0];
    const difference = Math.min(...known.map((one) => Math.abs(one - time)));
    assert.ok(difference <= ROUNDING, `picture ${at} of ${time} s, ${difference} s from any`);
  });
  if (video.length > 0) assert.ok(shown.length > 0, 'no picture was shown');
  // What is buffered is what all tracks have.
  const start = Math.max(0, ...all.map((times) => times[0].start));
  assert.equal(ranges.length, 1, `holes: ${JSON.stringify(ranges)}`);
  const [[from, to]] = ranges;
  assert.ok(Math.abs(from - start) <= frame, `buffered from ${from} s, and not from ${start} s`);
  if (duration > WHOLE_SECONDS_MAX) return;
  // At the end of the stream the shorter track counts as long as the longer one.
  const end = Math.max(...all.map((times) => Math.max(...times.map((time) => time.end))));
  assert.ok(Math.abs(to - end) <= frame, `buffered to ${to} s, and not to ${end} s`);
}
