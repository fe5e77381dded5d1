// A folder of odd real files: what is H.264 and AAC plays, everything else is named with its reason.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chromium } from './browsers.mjs';
import { corpusIsThere, files, publishCorpus } from './corpus.mjs';
import { serve } from '../firstframe.mjs';
import { proxy } from './proxy.mjs';
import { elementOf, openPlayer, playedTo } from './fixture.mjs';

/** What Chromium decodes, plain or fragmented. */
const PLAYABLE = [
  'androidx__bbb_800x640_768kbps_30fps_vp9.mp4',
  'androidx__checkerboard_854x356_avc_baseline.mp4',
  'androidx__edit_list_positive_shift.mp4',
  'androidx__long_1080p_av1.mp4',
  'androidx__long_1080p_lowbitrate.mp4',
  'androidx__portrait_4k60.mp4',
  'androidx__sample_2_byte_NAL_length.mp4',
  'androidx__sample_av1.mp4',
  'androidx__sample_fragmented.mp4',
  'androidx__sample_fragmented_seekable_multiple_sidx.mp4',
  'androidx__sample_mdat_too_long.mp4',
  'androidx__sample_rotate_and_reflect.mp4',
  'androidx__sample_shorter_audio.mp4',
  'androidx__sample_simple.mp4',
  'androidx__sample_with_chapters.mp4',
  'androidx__sample_with_colr_mdcv_and_clli.mp4',
  'androidx__sample_without_stss.mp4',
  'eyevinn__bbb_prog_10s.mp4',
  'eyevinn__prog_8s.mp4',
  'shiguredo__beep-flac-audio.mp4',
  'shiguredo__beep-opus-audio.mp4',
  'vanilagy__edts.mp4',
  'vanilagy__multiple-aac-tracks.mp4',
  'vanilagy__public_video.mp4',
];
const WITHOUT_PICTURES = [
  'shiguredo__beep-flac-audio.mp4',
  'shiguredo__beep-opus-audio.mp4',
  'vanilagy__multiple-aac-tracks.mp4',
];
/** What other browsers decode, by what `publish` says of it. */
const UNDECODABLE_HERE = {
  'androidx__hlg10-color-test.mp4': /HEVC plays in/,
  'androidx__sample_with_vobsub.mp4': /Dolby formats play in/,
  'mozilla__sine-3s-xhe-aac-44khz-mono.mp4': /xHE-AAC plays in/,
  'vanilagy__video-h265.mp4': /HEVC plays in/,
};
/** Its stream is broken in the first second: no player shows all of it. */
const DAMAGED = 'androidx__sample_with_invalid_nalu.mp4';
/** Not one picture of it decodes. */
const UNDECODABLE = 'mozilla__no_timescale.mp4';

if (corpusIsThere()) {
  describe('the corpus', { timeout: 600_000 }, () => {
    /** @type {Awaited<ReturnType<typeof serve>>} */
    let server;
    /** @type {Awaited<ReturnType<typeof proxy>>} */
    let between;
    /** @type {import('puppeteer-core').Browser} */
    let browser;
    /** @type {string} */
    let output;
    /** @type {Map<string, string>} */
    let episodes;

    before(async () => {
      server = await serve(['--cors-origins', '*']);
      ({ output, episodes } = await publishCorpus(server));
      between = await proxy(server.url);
      browser = await chromium();
    }, { timeout: 240_000 });
    after(async () => {
      await browser?.close();
      await between?.stop();
      await server?.stop();
    });

    test('publish names every file that does not play, with the reason', async () => {
      const lines = output.split('\n');
      for (const file of await files()) {
        if ([...PLAYABLE, DAMAGED, UNDECODABLE, ...Object.keys(UNDECODABLE_HERE)].includes(file)) continue;
        const line = lines.find((one) => one.includes(file));
        assert.ok(line, `${file} is not named in:\n${output}`);
        const reason = line.slice(line.indexOf(file) + file.length);
        assert.ok(reason.trim().length > 10, `${file} without a reason: ${line}`);
      }
    });

    for (const [file, words] of Object.entries(UNDECODABLE_HERE)) {
      test(`${file}, for which this browser has no decoder, is an error`, { timeout: 90_000 }, async () => {
        const line = output.split('\n').find((one) => one.includes(file)) ?? '';
        assert.match(line, words);
        const element = await elementOf(server.url);
        const { page, close } = await openPlayer({ between, browser, element }, {
          episode: episodes.get(file) ?? 'not-published', muted: '', autoplay: '',
        });
        await page.waitForFunction(() => globalThis.harness.events.some(
          (event) => event.type === 'firstframe-error' || event.type === 'ended'), { timeout: 45_000 });
        const { faults, pictures } = await page.evaluate(() => ({
          faults: globalThis.harness.events.filter(({ type }) => /^firstframe-(notice|error)$/.test(type)),
          pictures: globalThis.harness.pictures.length,
        }));
        assert.equal(faults[0]?.detail.code, 'unsupported', JSON.stringify(faults));
        // Pictures whose sound has no decoder are shown without it.
        assert.ok(faults.at(-1)?.type === 'firstframe-error' || pictures > 0, 'neither an error nor a frame');
        await close();
      });
    }

    test('a damaged film plays up to the damage, which is an error', { timeout: 90_000 }, async () => {
      const element = await elementOf(server.url);
      const { page, close } = await openPlayer({ between, browser, element }, {
        episode: episodes.get(DAMAGED) ?? 'not-published', muted: '', autoplay: '',
      });
      await page.waitForFunction(
        () => globalThis.harness.events.some((event) => event.type === 'firstframe-error'),
        { timeout: 45_000 });
      const { fault, time, shown } = await page.evaluate(() => ({
        fault: globalThis.harness.events.find(({ type }) => type === 'firstframe-error').detail,
        time: globalThis.harness.player.currentTime,
        shown: globalThis.harness.pictures.length,
      }));
      assert.equal(fault.code, 'decode', JSON.stringify(fault));
      assert.ok(time > 0.6 && shown > 5, `${shown} pictures, up to ${time} s`);
      await close();
    });

    for (const file of PLAYABLE) {
      test(`${file} plays its first second`, { timeout: 90_000 }, async () => {
        const episode = episodes.get(file);
        assert.ok(episode, `${file} is not published as playable:\n${output}`);
        const element = await elementOf(server.url);
        const { page, close } = await openPlayer({ between, browser, element }, {
          episode, muted: '', autoplay: '',
        });
        try {
          await page.waitForFunction(() => globalThis.harness.player.duration > 0, { timeout: 30_000 });
          await page.waitForFunction(() => globalThis.harness.ranges().length > 0, { timeout: 30_000 });
          // A film whose tracks do not begin together starts where all of them are.
          const { duration, start } = await page.evaluate(() => ({
            duration: globalThis.harness.player.duration,
            start: globalThis.harness.ranges()[0][0],
          }));
          await playedTo(page, start + Math.min(1, (duration - start) * 0.9), 45_000);
          const { decoded, types } = await page.evaluate(() => ({
            decoded: globalThis.harness.player.getVideoPlaybackQuality().totalVideoFrames,
            types: globalThis.harness.events.map((event) => event.type),
          }));
          assert.ok(!types.includes('firstframe-error'), `${types}`);
          if (!WITHOUT_PICTURES.includes(file)) assert.ok(decoded > 0, 'no picture was decoded');
        } finally {
          await close();
        }
      });
    }
  });
}
