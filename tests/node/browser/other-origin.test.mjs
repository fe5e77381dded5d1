// The player on pages of another origin, as README.md shows it, under the policy that README.md names.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { film } from '../fixtures.mjs';
import { chromium, firefox, openPage } from './browsers.mjs';
import { films } from './films.mjs';
import { root, serve } from '../firstframe.mjs';

/** @type {Awaited<ReturnType<typeof serve>>} */
let edge;
/** @type {Awaited<ReturnType<typeof films>>} */
let source;
/** @type {Awaited<ReturnType<typeof site>>} */
let otherSite;
/** @type {Record<string, import('puppeteer-core').Browser>} */
const browsers = {};
before(async () => {
  edge = await serve();
  source = await films(await film('index-last'));
  otherSite = await site();
  browsers.chromium = await chromium();
  browsers.firefox = await firefox();
}, { timeout: 240_000 });
after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await otherSite?.stop();
  await source?.stop();
  await edge?.stop();
});

/** A site of one page, which a test writes. */
async function site() {
  const page = { html: '', headers: {} };
  const server = createServer((request, response) => {
    if (request.url !== '/') return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/html', ...page.headers }).end(page.html);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { page, url: `http://127.0.0.1:${port}/`, stop };
}

/** The text of README.md with these origins in it. */
async function readme() {
  const text = await readFile(path.join(root, 'README.md'), 'utf8');
  return text
    .replaceAll('https://films.example', new URL(source.url).origin)
    .replaceAll('https://edge.example', edge.url.origin);
}

/** The only block of README.md with this text in it. @param {string} text @param {string} has */
function blockWith(text, has) {
  const blocks = [...text.matchAll(/^```\w*\n([^`]*?)^```$/gm)].map(([, block = '']) => block);
  const [block, second] = blocks.filter((one) => one.includes(has));
  assert.ok(block && !second, `README.md has not one block with ${has}`);
  return block.trim();
}

/** A page of the other site, which counts the workers that it makes. @param {import('puppeteer-core').Browser} browser */
async function open(browser, html, headers = {}) {
  otherSite.page.html = `<!doctype html><link rel="icon" href="data:,"><body>${html}`;
  otherSite.page.headers = headers;
  source.seen.length = 0;
  const opened = await openPage(browser);
  await opened.page.evaluateOnNewDocument(() => {
    globalThis.workers = 0;
    globalThis.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        globalThis.workers += 1;
      }
    };
  });
  await opened.page.goto(otherSite.url);
  await until(opened.page, () => customElements.get('firstframe-video') !== undefined, 'the element is there');
  return { ...opened, close: () => opened.page.browserContext().close() };
}

/** Waits without `eval`, which a policy may forbid. */
async function until(page, is, what, timeout = 60_000) {
  const end = Date.now() + timeout;
  while (!(await page.evaluate(is))) {
    if (Date.now() > end) {
      const state = await page.evaluate(() => [...document.querySelectorAll('firstframe-video')].map((player) =>
        [player.currentTime, player.readyState, player.error?.message, player.paused]));
      throw new Error(`not in time: ${what}: ${JSON.stringify(state)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const plays = (page) => until(page, () =>
  [...document.querySelectorAll('firstframe-video')].some(({ currentTime }) => currentTime > 1), 'it plays');

/** @param {import('puppeteer-core').Page} page */
const play = (page) => page.evaluate(async () => {
  const player = document.querySelector('firstframe-video');
  player.muted = true;
  await player.play();
});

/** Nothing is under way to the film's server: whatever was sent before this request came before it. */
const settled = (page) => page.evaluate(async (url) => {
  for (const player of document.querySelectorAll('firstframe-video')) await player.stats();
  await fetch(url, { method: 'HEAD' });
}, source.url);

for (const name of ['chromium', 'firefox']) {
  describe(name, { timeout: 240_000 }, () => {
    test('snippet of the README plays under its policy', async () => {
      const text = await readme();
      const policy = blockWith(text, 'worker-src');
      const { page, errors, close } = await open(browsers[name], blockWith(text, 'player/firstframe.js'), {
        'content-security-policy': `default-src 'none'; img-src data:; ${policy}`,
      });
      const notices = await page.evaluateHandle(() => {
        const all = [];
        document.querySelector('firstframe-video')
          .addEventListener('firstframe-notice', ({ detail }) => all.push(detail));
        return all;
      });
      await play(page);
      await plays(page);
      assert.deepEqual(await notices.jsonValue(), [], 'the browser\'s own player plays');
      assert.deepEqual(errors, []);
      await close();
    });

    test('twelve elements with preload="none" fetch nothing, make no worker, and play', async () => {
      const element = `<firstframe-video src="${source.url}" preload="none" controls muted></firstframe-video>`;
      const { page, errors, urls, close } = await open(browsers[name],
        `<script type="module" src="${edge.url.origin}/player/firstframe.js"></script>${element.repeat(12)}`);
      await settled(page);
      assert.deepEqual(source.seen.map(({ method }) => method), ['HEAD']);
      assert.equal(await page.evaluate(() => globalThis.workers), 0);
      assert.deepEqual(urls.filter((url) => /worker\.|wasm/.test(url)), []);
      await play(page);
      await plays(page);
      // One plays, and one waits for the next film.
      assert.ok((await page.evaluate(() => globalThis.workers)) <= 2);
      // As the controls do it, which the inner element has.
      await page.evaluate(() => document.querySelectorAll('firstframe-video')[5].video.play().catch(() => {}));
      await until(page, () => document.querySelectorAll('firstframe-video')[5].currentTime > 0.2, 'a second plays');
      assert.deepEqual(errors, []);
      await close();
    });

    test('element without preload fetches what length and size need, and plays on demand', async () => {
      const { page, errors, close } = await open(browsers[name],
        `<script type="module" src="${edge.url.origin}/player/firstframe.js"></script>
        <firstframe-video src="${source.url}" muted></firstframe-video>`);
      await until(page, () => document.querySelector('firstframe-video').readyState > 0, 'the length is known');
      await settled(page);
      const ranges = source.seen.flatMap(({ method, range }) => (method === 'GET' ? [range] : []));
      assert.equal(ranges.length, 2, `head and tail: ${ranges}`);
      const known = await page.evaluate(() => {
        const { duration, videoWidth, paused, buffered, currentSrc } = document.querySelector('firstframe-video');
        return { duration: Math.round(duration), videoWidth, paused, ranges: buffered.length, currentSrc };
      });
      assert.deepEqual(known, { duration: 60, videoWidth: 640, paused: true, ranges: 0, currentSrc: source.url });
      await play(page);
      await plays(page);
      await page.evaluate(() => (document.querySelector('firstframe-video').src = ''));
      await until(page, () => document.querySelector('firstframe-video').readyState === 0, 'an empty `src` ends it');
      assert.deepEqual(await page.evaluate(async () => {
        const player = document.querySelector('firstframe-video');
        return [player.currentSrc, player.networkState, player.paused, (await player.stats()).requestCount];
      }), ['', 0, true, 0]);
      assert.deepEqual(errors, []);
      await close();
    });
  });
}
