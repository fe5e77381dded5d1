// A player that stands although it should play, with its data there: what it tries, and what it says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium, firefox } from './browsers.mjs';
import { episodeOf, openPlayer, playedTo, startFixture } from './fixture.mjs';

/** @type {Awaited<ReturnType<typeof startFixture>>} */
let on;
before(async () => {
  on = await startFixture();
}, { timeout: 240_000 });
after(() => on?.stop());

/** In the page: the position stands, until a new source is set or for ever. @param {boolean} forEver */
const stand = (forEver) => {
  const { video } = globalThis.harness.player;
  const at = video.currentTime;
  const { set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime') ?? {};
  globalThis.nudges = [];
  Object.defineProperty(video, 'currentTime', {
    configurable: true,
    get: () => at,
    set(time) {
      globalThis.nudges.push(time - at);
      set?.call(video, time);
    },
  });
  if (!forEver) video.addEventListener('emptied', () => Reflect.deleteProperty(video, 'currentTime'), { once: true });
  return at;
};

for (const [name, launch] of Object.entries({ Chromium: chromium, Firefox: firefox })) {
  test(`${name}: a position that stands is nudged, gets new buffers, then the browser's own player`,
    { timeout: 180_000 }, async () => {
      const browser = await launch();
      try {
        const episode = await episodeOf(on.server.url, 'index-first');
        const { page } = await openPlayer({ ...on, browser }, { episode, muted: '', autoplay: '' });
        for (const [forEver, tellings] of /** @type {const} */ ([[false, 1], [true, 2]])) {
          await playedTo(page, 1);
          const at = await page.evaluate(stand, forEver);
          await page.waitForFunction((count) => {
            const { events } = globalThis.harness;
            return events.filter(({ type }) => type === 'firstframe-notice').length >= count;
          }, { timeout: 60_000 }, tellings);
          const { nudges, told, own } = await page.evaluate(() => {
            const { player: { video }, events } = globalThis.harness;
            Reflect.deleteProperty(video, 'currentTime');
            return {
              nudges: globalThis.nudges,
              told: events.filter(({ detail }) => detail).map(({ type, detail }) => [type, detail.code, detail.details]),
              own: new URL(video.currentSrc || 'blob:', location.href).protocol !== 'blob:',
            };
          });
          assert.ok(nudges[0] > 0 && nudges[0] < 1, `nudges: ${nudges}; ${JSON.stringify({ forEver, at, own, told })}`);
          assert.equal(told.length, tellings, JSON.stringify(told));
          for (const [type, code, details] of told) {
            assert.deepEqual([type, code], ['firstframe-notice', 'stalled']);
            assert.match(details, /^buffered: .*video.*\d.*audio.*\d/);
          }
          assert.equal(own, forEver, 'whose player plays');
          await playedTo(page, at + 1);
        }
      } finally {
        await browser.close();
      }
    });
}
