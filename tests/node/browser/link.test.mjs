// A link to an episode, opened by somebody who was not here before, and its player in a frame of another
// site: what is requested before the first frame, and that the player goes on from it.

import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { film } from '../fixtures.mjs';
import { chromium, firefox, openPage } from './browsers.mjs';
import { folderOf, publish, root, serve } from '../firstframe.mjs';

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Record<string, import('puppeteer-core').Browser>} */
const browsers = {};
/** A site that may frame the player, and one that may not: `localhost` is another site than 127.0.0.1. */
const sites = { listed: await site(), other: await site() };

/** A site of one page, which shows a frame. */
async function site() {
  const pages = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><link rel="icon" href="data:,"><title>Site</title>${pages.frame}`);
  });
  await new Promise((resolve) => pages.listen(0, 'localhost', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (pages.address());
  return Object.assign(pages, { frame: '', origin: `http://localhost:${port}` });
}

before(async () => {
  server = await serve(['--embed-origins', sites.listed.origin]);
  const folder = await folderOf(server.data, {
    'Night Train.mp4': await film('index-last'),
    'North and South/North and South S01E01.mp4': await film('index-first'),
    'North and South/North and South S01E02.mp4': await film('another-film'),
  });
  const published = await publish(server.data, folder);
  assert.equal(published.status, 0, published.output);
  browsers.chromium = await chromium();
  browsers.firefox = await firefox();
}, { timeout: 240_000 });
after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await server?.stop();
  for (const site of Object.values(sites)) {
    site.close();
    site.closeAllConnections();
  }
});

const at = (/** @type {string} */ target) => new URL(target, server.url).href;

/** Notes when the first frame is shown, before the page hears of it. */
function noteFirstFrame() {
  const { prototype } = HTMLVideoElement;
  const original = prototype.requestVideoFrameCallback;
  prototype.requestVideoFrameCallback = function (callback) {
    return original.call(this, (now, frame) => {
      globalThis.firstFrameMs ??= performance.now();
      callback(now, frame);
    });
  };
}

/**
 * What was requested before the first frame, but for the media behind it: a browser that is slow to show
 * the frame has requested that too.
 * @param {import('puppeteer-core').Page} page
 */
async function firstFrame(page) {
  await page.waitForFunction(() => globalThis.firstFrameMs > 0, { timeout: 60_000, polling: 50 });
  return page.evaluate(() => performance.getEntriesByType('resource')
    .filter(({ startTime, name }) => startTime < globalThis.firstFrameMs && !name.includes('/api/v2/media/'))
    .map(({ name }) => name));
}

/** @param {import('puppeteer-core').Page} page @param {number} time */
const playsTo = (page, time) => page.waitForFunction(
  (to) => (document.querySelector('firstframe-video')?.currentTime ?? 0) >= to,
  { timeout: 60_000, polling: 50 }, time);

/** How many requests for media the page made itself. @param {import('puppeteer-core').Page} page */
const restCount = (page) => page.evaluate(() =>
  performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/v2/media/')).length);

/** The player's own numbers, once its worker has gone on. @param {import('puppeteer-core').Page} page */
async function statsOf(page) {
  await page.waitForFunction(
    async () => ((await document.querySelector('firstframe-video')?.stats?.())?.bytesAppended ?? 0) > 0,
    { timeout: 60_000, polling: 200 });
  return page.evaluate(() => document.querySelector('firstframe-video').stats());
}

for (const name of ['chromium', 'firefox']) {
  test(`a link requests the document and the start before the first frame: ${name}`, { timeout: 120_000 }, async () => {
    const { page, errors } = await openPage(browsers[name]);
    await page.evaluateOnNewDocument(noteFirstFrame);
    await page.goto(at('/watch/night-train.1'), { waitUntil: 'domcontentloaded' });
    assert.equal(await page.title(), 'Night Train · Firstframe');
    const requested = await firstFrame(page);
    const starts = requested.filter((url) => url.includes('/api/v2/stream/night-train.1/start?at=0.000'));
    assert.ok(starts.length >= 1, `${requested}`);
    assert.equal(requested.length, starts.length, `before the first frame: ${requested}`);
    assert.ok(requested.length + 1 <= 4, `${requested}`);
    await playsTo(page, 12);
    const stats = await statsOf(page);
    assert.equal(stats.mediaBytesInWasm, 0);
    assert.ok(stats.requests[0].range === 'start' && stats.requestCount > 1, JSON.stringify(stats.requests));
    assert.equal(await restCount(page), 1, 'requests of the page for the rest of the first window');
    await page.waitForSelector('.keys', { timeout: 30_000 });
    assert.equal(await page.$$eval('.watch', (all) => all.length), 1);
    assert.deepEqual(errors, [], 'the page complains');
    await page.browserContext().close();
  });

  test(`a link goes on where this device left the episode: ${name}`, { timeout: 120_000 }, async () => {
    const { page, urls } = await openPage(browsers[name]);
    await page.evaluateOnNewDocument(noteFirstFrame);
    await page.goto(at('/title/night-train'), { waitUntil: 'domcontentloaded' });
    await page.evaluate(() => localStorage.setItem('firstframe.places', JSON.stringify([
      { episodeId: 'night-train.1', catalogId: 'night-train', position: 20.4, duration: 60, at: 1,
        title: 'Night Train', detail: '', coverImage: '' }])));
    urls.length = 0;
    await page.goto(at('/watch/night-train.1'), { waitUntil: 'domcontentloaded' });
    const requested = await firstFrame(page);
    assert.ok(requested.length + 1 <= 4, `${requested}`);
    assert.ok(urls.some((url) => url.includes('/start?at=20.000')), `${urls}`);
    await playsTo(page, 22);
    await statsOf(page);
    assert.ok(await page.$eval('firstframe-video', (player) => player.currentTime < 60));
    await page.browserContext().close();
  });
}

/** What `/oembed` says of an episode's page. @param {string} target */
async function oembed(target) {
  const response = await fetch(at(`/oembed?url=${encodeURIComponent(at(target))}&format=json`));
  return /** @type {any} */ (await response.json());
}

/** Third-party storage is refused. */
function refuseStorage() {
  const get = () => {
    throw new DOMException('no', 'SecurityError');
  };
  for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { get });
}

for (const name of ['chromium', 'firefox']) {
  test(`a page of a listed site frames the player, and no other does: ${name}`, { timeout: 120_000 }, async () => {
    const { html } = await oembed('/watch/night-train.1');
    sites.listed.frame = html;
    // The event `load` of a page waits for frames that are not lazy.
    sites.other.frame = html.replace(' loading="lazy"', '');
    const { page, errors, urls } = await openPage(browsers[name]);
    await page.evaluateOnNewDocument(refuseStorage);
    await page.goto(sites.listed.origin, { waitUntil: 'load' });
    const frame = await page.waitForFrame((one) => one.url().includes('/embed/'), { timeout: 60_000 });
    const state = () => frame.evaluate(() => {
      const video = document.querySelector('firstframe-video').shadowRoot.querySelector('video');
      return { paused: video.paused, name: document.querySelector('.name').textContent };
    });
    await frame.waitForFunction(
      () => document.querySelector('firstframe-video')?.shadowRoot?.querySelector('video')?.readyState > 1,
      { timeout: 60_000, polling: 50 });
    assert.deepEqual(await state(), { paused: true, name: 'Night Train' });
    const ours = urls.filter((url) => url.startsWith(server.url.origin)).map((url) => new URL(url).pathname);
    const first = ['/embed/night-train.1', '/api/v2/stream/night-train.1/start'];
    const more = new Set(ours.filter((path) => !first.includes(path) && !path.startsWith('/api/v2/image/')));
    assert.deepEqual([...more], [], 'a film that waits requests its start and its poster only');
    await frame.evaluate(() => document.querySelector('firstframe-video').shadowRoot.querySelector('video').play());
    await frame.waitForFunction(
      async () => ((await document.querySelector('firstframe-video').stats?.())?.bytesAppended ?? 0) > 0,
      { timeout: 60_000, polling: 200 });
    await frame.evaluate(() => (document.querySelector('firstframe-video').currentTime = 40));
    await frame.waitForFunction(() => document.querySelector('firstframe-video').currentTime > 41,
      { timeout: 60_000, polling: 200 });
    await frame.waitForSelector('body.playing .name');
    assert.deepEqual(errors, [], 'the page complains');
    await page.goto(sites.other.origin, { waitUntil: 'load' });
    const refused = await Promise.all(page.frames().slice(1).map((one) => one.$('firstframe-video').catch(() => null)));
    assert.deepEqual(refused, [null]);
    await page.browserContext().close();
  });
}

test('a frame that is asked to plays at once', { timeout: 120_000 }, async () => {
  sites.listed.frame = (await oembed('/watch/night-train.1')).html.replace('night-train.1', 'night-train.1?autoplay=1');
  const { page } = await openPage(browsers.chromium);
  await page.goto(sites.listed.origin, { waitUntil: 'load' });
  const frame = await page.waitForFrame((one) => one.url().includes('/embed/'), { timeout: 60_000 });
  await frame.waitForFunction(() => document.querySelector('firstframe-video')?.currentTime > 1,
    { timeout: 60_000, polling: 50 });
  await page.browserContext().close();
});

test('page of an episode says what it is to a parser of HTML', { timeout: 120_000 }, async () => {
  const { page } = await openPage(browsers.chromium);
  await page.goto(at('/watch/night-train.1'), { waitUntil: 'domcontentloaded' });
  const said = await page.evaluate(() => ({
    properties: Object.fromEntries([...document.querySelectorAll('meta[property], meta[name]')]
      .map((meta) => [meta.getAttribute('property') ?? meta.getAttribute('name'), meta.getAttribute('content')])),
    data: JSON.parse(document.querySelector('script[type="application/ld+json"]').textContent),
    oembed: document.querySelector('link[type="application/json+oembed"]').href,
  }));
  const player = at('/embed/night-train.1');
  assert.equal(said.properties['og:title'], 'Night Train');
  assert.equal(said.data.embedUrl, player);
  const response = await fetch(said.oembed);
  const { type, title, html, width, height } = /** @type {any} */ (await response.json());
  assert.deepEqual([type, title, width, height], ['video', 'Night Train', 640, 360]);
  const frame = await page.evaluate((html) => {
    const { body } = new DOMParser().parseFromString(html, 'text/html');
    const { src, width, height } = body.querySelector('iframe');
    return { count: body.childNodes.length, src, width, height };
  }, html);
  assert.deepEqual(frame, { count: 1, src: player, width: '640', height: '360' });
  await page.browserContext().close();
});

test('a link whose start is followed by nothing plays on', { timeout: 120_000 }, async () => {
  const { page } = await openPage(browsers.chromium);
  await page.evaluateOnNewDocument(() => {
    const { fetch } = globalThis;
    globalThis.refusedCount = 0;
    globalThis.fetch = (input, init) => {
      const isRest = String(input?.url ?? input).includes('/api/v2/media/') && globalThis.refusedCount === 0;
      if (!isRest) return fetch(input, init);
      globalThis.refusedCount += 1;
      return Promise.reject(new TypeError('the network is gone'));
    };
  });
  await page.goto(at('/watch/night-train.1'), { waitUntil: 'domcontentloaded' });
  await playsTo(page, 5);
  assert.equal(await page.evaluate(() => globalThis.refusedCount), 1);
  await page.browserContext().close();
});

test('a seek in the first seconds is followed', { timeout: 120_000 }, async () => {
  const { page } = await openPage(browsers.chromium);
  await page.goto(at('/watch/night-train.1'), { waitUntil: 'domcontentloaded' });
  await page.waitForFunction(() => document.querySelector('firstframe-video')?.shadowRoot?.querySelector('video')?.readyState > 0,
    { timeout: 60_000, polling: 20 });
  await page.evaluate(() => {
    document.querySelector('firstframe-video').shadowRoot.querySelector('video').currentTime = 40;
  });
  await playsTo(page, 41);
  await page.browserContext().close();
});

test('a link to an episode of several names it, and its neighbours follow', { timeout: 120_000 }, async () => {
  const { page, errors } = await openPage(browsers.chromium);
  await page.goto(at('/watch/north-and-south.2'), { waitUntil: 'domcontentloaded' });
  const heading = await page.$eval('h1', (one) => one.textContent);
  assert.match(heading ?? '', /^2\. /);
  await page.waitForSelector('.neighbours a[href="/watch/north-and-south.1"]', { timeout: 60_000 });
  assert.equal(await page.$eval('h1', (one) => one.textContent), heading);
  assert.equal(await page.title(), `${heading} · North and South · Firstframe`);
  await page.click('.neighbours a[href="/watch/north-and-south.1"]');
  await page.waitForFunction(() => document.querySelector('h1')?.textContent?.startsWith('1. '));
  await playsTo(page, 0.5);
  assert.equal(await page.$$eval('firstframe-video', (all) => all.length), 1);
  assert.deepEqual(errors, [], 'the page complains');
  await page.browserContext().close();
});

test('without leave to make sound a link plays silently and offers sound', { timeout: 120_000 }, async () => {
  const { page } = await openPage(browsers.chromium);
  await page.evaluateOnNewDocument(() => {
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      if (!this.muted) return Promise.reject(new DOMException('no', 'NotAllowedError'));
      return play.call(this);
    };
  });
  await page.goto(at('/watch/night-train.1'), { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('.sound', { visible: true, timeout: 60_000 });
  await playsTo(page, 1);
  await page.click('.sound');
  await page.waitForSelector('.sound', { hidden: true });
  const muted = await page.$eval('firstframe-video', (player) => player.shadowRoot?.querySelector('video')?.muted);
  assert.equal(muted, false);
  await page.browserContext().close();
});

test('where nothing may play by itself the first frame stands', { timeout: 120_000 }, async () => {
  const { page } = await openPage(browsers.chromium);
  await page.evaluateOnNewDocument(() => {
    HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await page.evaluateOnNewDocument(noteFirstFrame);
  await page.goto(at('/watch/night-train.1'), { waitUntil: 'domcontentloaded' });
  await firstFrame(page);
  const state = await page.$eval('firstframe-video', (player) => {
    const video = player.shadowRoot?.querySelector('video');
    return [video?.paused, video?.muted, document.querySelector('.sound').hidden];
  });
  assert.deepEqual(state, [true, false, true]);
  await page.browserContext().close();
});

test('a link plays over HTTPS with HTTP/2, by the certificate that the browser was told of', { timeout: 120_000 }, async () => {
  const [certificate, key] = ['server.pem', 'server.key'].map((name) => path.join(root, 'tests/fixtures/tls', name));
  const { publicKey } = new X509Certificate(await readFile(certificate));
  const hash = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
  const secure = await serve(['--tls-cert', certificate, '--tls-key', key]);
  const browser = await chromium(`--ignore-certificate-errors-spki-list=${hash}`);
  try {
    const folder = await folderOf(secure.data, { 'Night Train.mp4': await film('index-last') });
    const published = await publish(secure.data, folder);
    assert.equal(published.status, 0, published.output);
    const stranger = await openPage(browsers.chromium);
    await assert.rejects(stranger.page.goto(secure.url.href), /ERR_CERT/, 'certificates are checked');
    const { page, errors } = await openPage(browser);
    await page.goto(new URL('/watch/night-train.1', secure.url).href);
    await playsTo(page, 1);
    const protocols = await page.evaluate(() => {
      const entries = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
      const own = entries.filter(({ name }) => name.startsWith(location.origin));
      // One that came from the browser's cache has none.
      return own.map(({ nextHopProtocol }) => nextHopProtocol).filter(Boolean);
    });
    assert.ok(protocols.length > 1 && protocols.every((one) => one === 'h2'), protocols.join());
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    await secure.stop();
  }
});
