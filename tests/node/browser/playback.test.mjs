// Plain films through our own edge, our own worker and MediaSource, in a real browser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RATE, numberAt } from '../fixtures.mjs';
import { FILMS, episodeOf, fileOf, openPlayer, playedTo, startFixture } from './fixture.mjs';

/** @type {Awaited<ReturnType<typeof startFixture>>} */
let on;
before(async () => {
  on = await startFixture();
}, { timeout: 240_000 });
after(() => on?.stop());

/** Where MediaSource lives: in the worker as in Chromium, or on the page as in Firefox. */
const SINKS = [
  { name: 'MediaSource in the worker', attributes: {} },
  { name: 'MediaSource on the page', attributes: { 'sink-on-page': '' } },
];

/** Every picture that was shown is the one of its time. @param {string} name @param {Array<[number, number | null]>} pictures */
function assertRightPictures(name, pictures) {
  for (const [time, number] of pictures) {
    assert.equal(number, numberAt(name, time), `the picture at ${time} s`);
  }
}

/** @param {Array<{ range?: string, method: string, path: string }>} requests */
function assertClosedRanges(requests) {
  for (const { method, range, path } of requests) {
    assert.match(range ?? 'none', /^bytes=(\d+-\d+|-\d+)$/, `${method} ${path} without an end`);
  }
}

/** Numbers that look random and are the same in every run. */
function* dice(seed = 1) {
  for (let state = seed; ; ) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

for (const name of FILMS) {
  for (const { name: sink, attributes } of SINKS) {
    describe(`${name}, ${sink}`, { timeout: 240_000 }, () => {
      test('every frame is shown in its place', async () => {
        on.between.seen.length = 0;
        const episode = await episodeOf(on.server.url, name);
        const { page, errors, close } = await openPlayer(on, {
          ...attributes, episode, muted: '', autoplay: '',
        });
        await playedTo(page, 4);
        const observed = await page.evaluate(() => {
          const { player, pictures, events } = globalThis.harness;
          const { totalVideoFrames, droppedVideoFrames } = player.getVideoPlaybackQuality();
          return {
            pictures, types: events.map((event) => event.type), ranges: globalThis.harness.ranges(),
            decoded: totalVideoFrames, dropped: droppedVideoFrames,
            duration: player.duration, size: [player.videoWidth, player.videoHeight],
          };
        });
        assert.ok(observed.decoded >= 3 * RATE, `${observed.decoded} pictures decoded in 4 s`);
        assert.ok(observed.pictures.length >= RATE, `${observed.pictures.length} pictures shown in 4 s`);
        assertRightPictures(name, observed.pictures);
        assert.deepEqual(observed.size, [640, 360]);
        assert.ok(Math.abs(observed.duration - 60) < 0.1, `duration ${observed.duration}`);
        assert.equal(observed.ranges.length, 1, `gaps: ${JSON.stringify(observed.ranges)}`);
        assert.equal(observed.ranges[0][0], 0, 'buffered from the very beginning');
        assert.ok(observed.ranges[0][1] > 10, `buffered to ${observed.ranges[0][1]} only`);
        for (const type of ['loadstart', 'loadedmetadata', 'loadeddata', 'canplay', 'playing']) {
          assert.ok(observed.types.includes(type), `no ${type} among ${observed.types}`);
        }
        for (const type of ['error', 'firstframe-error', 'firstframe-notice']) {
          assert.ok(!observed.types.includes(type), `${type} among ${observed.types}`);
        }
        assert.deepEqual(errors, []);
        await close();
      });

      test('playback starts with one request, and every range is closed', async () => {
        const episode = await episodeOf(on.server.url, name);
        on.between.seen.length = 0;
        const { page, close } = await openPlayer(on, { ...attributes, episode, muted: '', autoplay: '' });
        await playedTo(page, 8);
        const { requests } = await page.evaluate(() => globalThis.harness.player.stats());
        assert.equal(requests[0].range, 'start');
        assert.ok(requests.filter(({ range }) => range === 'start').length === 1, 'one start');
        const index = requests.filter(({ purpose }) => purpose === 'index');
        assert.ok(index.every(({ range }) => range === 'headers'), 'a part of moov');
        assertClosedRanges(on.between.media());
        await close();
      });

      test('a file without an episode starts with two requests at once', async () => {
        const src = await fileOf(on.server.url, name);
        const { page, close } = await openPlayer(on);
        await page.evaluate(() => globalThis.harness.load());
        // A worker waits by now, and takes no connection any more.
        await new Promise((resolve) => setTimeout(resolve, 1000));
        // So far away that whoever waits for one answer before the next request is found out.
        on.between.far(700);
        on.between.seen.length = 0;
        await page.evaluate((given) => globalThis.harness.open(given),
          { ...attributes, src, muted: '', autoplay: '' });
        await playedTo(page, 1);
        on.between.far(0);
        const [first, second] = on.between.media();
        assert.ok(first && second, 'at least two requests');
        const together = second.at < (first.answeredAt ?? 0);
        assert.ok(together, `one after the other: ${JSON.stringify([first, second])}`);
        const ranges = [first.range, second.range].join(' ');
        assert.match(ranges, /bytes=0-\d+/, 'one is for the head');
        assertClosedRanges(on.between.media());
        await close();
      });

      test('ten random seeks end in the right frame', async () => {
        on.between.seen.length = 0;
        const episode = await episodeOf(on.server.url, name);
        const { page, errors, close } = await openPlayer(on, { ...attributes, episode, muted: '' });
        await page.waitForFunction(() => globalThis.harness.player.readyState >= 2);
        const random = dice(FILMS.indexOf(name) + 1);
        for (let seek = 0; seek < 10; seek += 1) {
          const frame = Math.floor(random.next().value * 60 * RATE);
          const time = (frame + 0.5) / RATE;
          const { number, currentTime } = await page.evaluate(
            (to) => globalThis.harness.seek(to), time);
          assert.ok(Math.abs(currentTime - time) < 0.001, `it went to ${currentTime}, not ${time}`);
          assert.equal(number, numberAt(name, time), `seek ${seek} to ${time} s`);
        }
        assertClosedRanges(on.between.media());
        assert.deepEqual(errors, []);
        await close();
      });
    });
  }
}

for (const { name: sink, attributes } of SINKS) {
  const what = `after forty seeks in a hurry every picture is in its place: ${sink}`;
  test(what, { timeout: 240_000 }, async () => {
    const name = 'index-last';
    const episode = await episodeOf(on.server.url, name);
    const { page, close } = await openPlayer(on, { ...attributes, episode, muted: '' });
    await page.waitForFunction(() => globalThis.harness.player.readyState >= 2);
    const random = dice(40);
    for (let seek = 0; seek < 40; seek += 1) {
      const time = random.next().value * 59;
      await page.evaluate((to) => (globalThis.harness.player.currentTime = to), time);
      // Some are done before the next one, most are not.
      await new Promise((resolve) => setTimeout(resolve, random.next().value * 250));
    }
    const wrong = [];
    for (let frame = 3; frame < 60 * RATE; frame += RATE / 2) {
      const time = (frame + 0.5) / RATE;
      const { number } = await page.evaluate((to) => globalThis.harness.seek(to), time);
      if (number !== numberAt(name, time)) wrong.push({ time, number, right: numberAt(name, time) });
    }
    assert.deepEqual(wrong, [], 'pictures that are not those of their time');
    await close();
  });
}

test('playback goes on after a seek, and to the end of the film', { timeout: 120_000 }, async () => {
  const episode = await episodeOf(on.server.url, 'index-last');
  const { page, close } = await openPlayer(on, { episode, muted: '', autoplay: '' });
  await playedTo(page, 1);
  await page.evaluate(() => (globalThis.harness.player.currentTime = 56));
  await page.waitForFunction(() => globalThis.harness.player.ended, { timeout: 60_000 });
  const { pictures, types, time } = await page.evaluate(() => ({
    pictures: globalThis.harness.pictures,
    types: globalThis.harness.events.map((event) => event.type),
    time: globalThis.harness.player.currentTime,
  }));
  assertRightPictures('index-last', pictures);
  assert.equal(pictures.at(-1)?.[1], 60 * RATE - 1, 'the last picture was shown');
  assert.ok(types.includes('ended') && Math.abs(time - 60) < 0.1, `ended at ${time}`);
  await close();
});

test('playback starts at the `start` attribute', { timeout: 120_000 }, async () => {
  const episode = await episodeOf(on.server.url, 'index-last');
  const { page, close } = await openPlayer(on, { episode, muted: '', autoplay: '', start: '31.3', exact: '' });
  await playedTo(page, 32);
  const pictures = await page.evaluate(() => globalThis.harness.pictures);
  assertRightPictures('index-last', pictures);
  assert.ok(pictures[0]?.[0] > 31, `the first picture is of ${pictures[0]?.[0]} s`);
  await close();
});

for (const by of ['episode', 'src']) {
  test(`playback resumes at the key frame before the time, by its ${by}`, { timeout: 120_000 }, async () => {
    const find = by === 'src' ? fileOf : episodeOf;
    const film = { [by]: await find(on.server.url, 'index-last') };
    const { page, close } = await openPlayer(on, { ...film, muted: '', autoplay: '', start: '31.3' });
    await playedTo(page, 32);
    const pictures = await page.evaluate(() => globalThis.harness.pictures);
    assertRightPictures('index-last', pictures);
    assert.ok(Math.abs(pictures[0]?.[0] - 28) < 0.05, `the first picture is of ${pictures[0]?.[0]} s`);
    await close();
  });
}

test('media bytes do not pass through wasm, whose memory does not grow', { timeout: 180_000 }, async () => {
  const episode = await episodeOf(on.server.url, 'index-last');
  const { page, close } = await openPlayer(on, { episode, muted: '', autoplay: '' });
  await playedTo(page, 2);
  // Four times as fast: the bytes are what counts here, not the time.
  await page.evaluate(() => (globalThis.harness.player.playbackRate = 4));
  await playedTo(page, 20);
  const early = await page.evaluate(() => globalThis.harness.player.stats());
  await playedTo(page, 59);
  const late = await page.evaluate(() => globalThis.harness.player.stats());
  assert.ok(late.bytesFetched > 8_000_000, `${late.bytesFetched} bytes were fetched`);
  assert.ok(late.bytesAppended > 8_000_000, `${late.bytesAppended} bytes were appended`);
  assert.equal(late.mediaBytesInWasm, 0, 'bytes of film in wasm');
  assert.ok(early.wasmMemoryBytes > 0, 'wasm has memory');
  assert.equal(late.wasmMemoryBytes, early.wasmMemoryBytes, 'wasm memory after 20 s and after 60 s');
  await close();
});
