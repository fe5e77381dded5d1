// A film begins by headers that the edge makes: one request, or none if it was prepared.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RATE, film, numberAt } from '../fixtures.mjs';
import { chromium, firefox } from './browsers.mjs';
import { api, folderOf, publish, serve } from '../firstframe.mjs';
import { nginx } from './nginx.mjs';
import { proxy } from './proxy.mjs';
import { elementOf, episodeOf, fileOf, openPlayer, playedTo } from './fixture.mjs';

/** FIRSTFRAME_STARTS=100 makes it more. */
const STARTS = Number(process.env.FIRSTFRAME_STARTS ?? 8);

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof proxy>>} */
let between;
/** @type {string} */
let element;
before(async () => {
  server = await serve(['--cors-origins', '*']);
  const folder = await folderOf(server.data, {
    'index-last.mp4': await film('index-last'),
    'in-fragments.mp4': await film('in-fragments'),
    'Season/Season S01E01.mp4': await film('index-first'),
    'Season/Season S01E02.mp4': await film('another-film'),
  });
  const published = await publish(server.data, folder);
  assert.equal(published.status, 0, published.output);
  between = await proxy(server.url);
  element = await elementOf(server.url);
}, { timeout: 240_000 });
after(async () => {
  await between?.stop();
  await server?.stop();
});

/** @param {import('puppeteer-core').Page} page */
const observed = (page) => page.evaluate(() => {
  const { player, events, pictures, ranges } = globalThis.harness;
  return {
    types: events.map((event) => event.type), pictures, ranges: globalThis.harness.ranges(),
    dropped: player.getVideoPlaybackQuality().droppedVideoFrames,
    decoded: player.getVideoPlaybackQuality().totalVideoFrames,
  };
});

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Every picture that was shown is the one of its time. Firefox tells the time of playback, and when
 * it has just waited the picture lags behind: on a busy machine by half a second.
 * @param {string} name @param {Array<[number, number | null]>} pictures @param {number} [within]
 */
function assertRightPictures(name, pictures, within = 0) {
  assert.ok(pictures.length > 0, 'no picture');
  for (const [time, number] of pictures) {
    const wanted = numberAt(name, time);
    assert.ok(Math.abs((number ?? -9) - wanted) <= within, `${number}, not ${wanted}, at ${time} s`);
  }
}

for (const [name, launch] of Object.entries({ Chromium: chromium, Firefox: firefox })) {
  describe(`starts in ${name}`, { timeout: 600_000 }, () => {
    /** @type {import('puppeteer-core').Browser} */
    let browser;
    before(async () => {
      browser = await launch();
    }, { timeout: 60_000 });
    after(() => browser?.close());
    const on = () => ({ between, browser, element });
    const within = name === 'Firefox' ? RATE : 0;

    test('page and player append without a gap wherever playback starts', async () => {
      const episode = await episodeOf(server.url, 'index-last');
      for (let i = 0; i < STARTS; i += 1) {
        // The player comes sooner than the bytes, later, and in their midst.
        between.slow([Infinity, 300_000, 2_000_000][i % 3]);
        const start = (i * 7.3) % 50;
        const { page, close } = await openPlayer(on(), {
          episode, muted: '', autoplay: '', start: `${start}`,
          ...(i % 2 && name === 'Chromium' && { 'sink-on-page': '' }),
        });
        await playedTo(page, start + 1.5);
        const { types, pictures, ranges } = await observed(page);
        assertRightPictures('index-last', pictures, within);
        const key = Math.floor(start / 4) * 4;
        assert.ok(Math.abs(ranges[0][0] - key) < 0.1, `start ${start}: ${JSON.stringify(ranges)}`);
        assert.equal(ranges.length, 1, `start ${start}: gaps: ${JSON.stringify(ranges)}`);
        assert.ok(!types.some((type) => /firstframe-/.test(type)), `start ${start}: ${types}`);
        await close();
      }
      between.slow(Infinity);
    });

    test('a prepared film shows its first frame without a network', async () => {
      const episode = await episodeOf(server.url, 'index-last');
      const { page, close } = await openPlayer(on());
      await page.evaluate(async (film) => {
        (await globalThis.harness.load()).prepare(film);
      }, { episode });
      await wait(5000);
      between.cut();
      try {
        await page.evaluate((given) => globalThis.harness.open(given),
          { episode, muted: '', autoplay: '' });
        await page.waitForFunction(() => globalThis.harness.pictures.length > 5, { timeout: 10_000 });
        const waiting = await page.waitForFunction(
          () => globalThis.harness.events.find(({ type }) => type === 'firstframe-waiting')?.detail.where,
          { timeout: 30_000 });
        assert.match(await waiting.jsonValue(), /film/, 'the messages for faults were prepared, too');
      } finally {
        between.restore();
      }
      await playedTo(page, 12);
      const { pictures, ranges } = await observed(page);
      assertRightPictures('index-last', pictures, within);
      assert.equal(ranges.length, 1, JSON.stringify(ranges));
      await close();
    });

    test('the next episode is prefetched from four fifths of an episode on', async () => {
      const { items } = await api(server.url, '/api/v2/catalog/season/episodes');
      const [first, second] = items.map((one) => one.id);
      between.seen.length = 0;
      const { page, close } = await openPlayer(on(),
        { episode: first, next: second, muted: '', autoplay: '', start: '44' });
      await playedTo(page, 45);
      const starts = () => between.seen.filter((one) => one.path.includes(`/${second}/start`));
      assert.equal(starts().length, 0, 'it is too soon');
      const windows = between.seen.filter((one) => one.path === '/api/v2/stream/window');
      assert.deepEqual(windows.map((one) => one.status), [202]);
      await playedTo(page, 49);
      await wait(1500);
      assert.equal(starts().length, 1);
      between.cut();
      try {
        await page.evaluate((episode) => {
          globalThis.harness.pictures.length = 0;
          globalThis.harness.player.removeAttribute('start');
          globalThis.harness.player.episode = episode;
        }, second);
        await page.waitForFunction(
          () => globalThis.harness.pictures.some(([, number]) => number >= 2000), { timeout: 10_000 });
      } finally {
        between.restore();
      }
      await playedTo(page, 12);
      const { pictures } = await observed(page);
      assertRightPictures('another-film', pictures.filter(([, number]) => number >= 2000), within);
      await close();
    });

    test('a film without headers plays by its own index', async () => {
      const episode = await episodeOf(server.url, 'in-fragments');
      const { page, close } = await openPlayer(on(), { episode, muted: '', autoplay: '', start: '9' });
      await playedTo(page, 11);
      const { pictures, types } = await observed(page);
      assertRightPictures('in-fragments', pictures, within);
      assert.ok(!types.some((type) => /firstframe-/.test(type)), `${types}`);
      await close();
    });

    test('an unknown episode is an error', async () => {
      const { page, close } = await openPlayer(on(), { episode: 'nobody.1', muted: '', autoplay: '' });
      await page.waitForFunction(
        () => globalThis.harness.events.some((event) => event.type === 'firstframe-error'));
      const { code, advice } = await page.evaluate(() =>
        globalThis.harness.events.find((event) => event.type === 'firstframe-error').detail);
      assert.equal(code, 'not_found');
      assert.ok(advice.length > 3, advice);
      await close();
    });

    test('a film plays from a plain nginx', async (t) => {
      const plain = await nginx({ 'film.mp4': await film('index-last') });
      t.after(plain.stop);
      const headers = (await fileOf(server.url, 'index-last')).replace('/media/', '/headers/');
      between.seen.length = 0;
      const { page, errors, close } = await openPlayer(on(),
        { src: new URL('film.mp4', plain.url).href, headers, muted: '', autoplay: '' });
      // Three windows, and a seek into bytes that were not requested yet.
      await playedTo(page, 21);
      const { number } = await page.evaluate(async () => {
        const { player } = globalThis.harness;
        // A playing element would show a later frame by the time that this one is read.
        player.pause();
        const shown = await globalThis.harness.seek(57.02);
        await player.play();
        return shown;
      });
      assert.equal(number, numberAt('index-last', 57.02));
      await playedTo(page, 59);
      const { pictures, types } = await observed(page);
      assertRightPictures('index-last', pictures, within);
      assert.ok(!types.some((type) => /firstframe-/.test(type)), `${types}`);
      assert.deepEqual(errors, []);
      await close();
      const requests = await plain.requests();
      assert.ok(requests.length > 3, JSON.stringify(requests));
      const odd = requests.filter(({ status, range }) => status !== 206 || /^bytes=(0|-\d+)/.test(range));
      assert.deepEqual(odd, [], 'ranges without a preflight, and the index was not read');
      const edge = between.seen.map((one) => one.path).filter((one) => one.startsWith('/api/'));
      assert.ok(edge.length > 0 && edge.every((one) => one.startsWith('/api/v2/headers/')), `${edge}`);
    });

    test('ten seeks end in the right frame', async () => {
      const episode = await episodeOf(server.url, 'index-last');
      const { page, close } = await openPlayer(on(), { episode, muted: '' });
      await page.waitForFunction(() => globalThis.harness.player.readyState >= 2);
      for (let seek = 0; seek < 10; seek += 1) {
        const time = (((seek * 617) % (60 * RATE)) + 0.5) / RATE;
        const { number } = await page.evaluate((to) => globalThis.harness.seek(to), time);
        assert.equal(number, numberAt('index-last', time), `seek ${seek} to ${time} s`);
      }
      await close();
    });
  });
}
