// What goes wrong around a player that plays on, and what it says where it cannot.

import assert from 'node:assert/strict';
import { copyFile, mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { request as send } from 'node:http';
import { createServer } from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { film, numberAt } from '../fixtures.mjs';
import { chromium } from './browsers.mjs';
import { films } from './films.mjs';
import { folderOf, publish, root } from '../firstframe.mjs';
import { episodeOf, openPlayer, playedTo, startFixture, urlOf } from './fixture.mjs';

/** @type {Awaited<ReturnType<typeof startFixture>>} */
let on;
before(async () => {
  on = await startFixture();
}, { timeout: 240_000 });
after(() => on?.stop());

/** The film takes 141 kB a second. */
const JUST_ENOUGH = 250_000;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {import('puppeteer-core').Page} page */
const observed = (page) => page.evaluate(async () => ({
  types: globalThis.harness.events.map((event) => event.type),
  pictures: globalThis.harness.pictures,
  time: globalThis.harness.player.currentTime,
  requests: (await globalThis.harness.player.stats()).requests,
}));

/** @param {string} name @param {Array<[number, number | null]>} pictures */
function assertRightPictures(name, pictures) {
  for (const [time, number] of pictures) {
    assert.equal(number, numberAt(name, time), `the picture at ${time} s`);
  }
}

test('playback waits for a network that is cut, and resumes at the next byte', { timeout: 180_000 }, async () => {
  const { between } = on;
  between.seen.length = 0;
  between.slow(JUST_ENOUGH);
  const episode = await episodeOf(on.server.url, 'index-last');
  const { page, close } = await openPlayer(on, { episode, muted: '', autoplay: '' });
  try {
    await playedTo(page, 2);
    await page.waitForFunction(async () => {
      const { requests } = await globalThis.harness.player.stats();
      const last = requests.at(-1);
      return /^bytes=/.test(last?.range) && last.purpose === 'media' && last.bytes > 100_000;
    }, { timeout: 60_000, polling: 20 });
    between.cut();
    await page.waitForFunction(
      () => globalThis.harness.events.some((event) => event.type === 'firstframe-waiting'),
      { timeout: 30_000 });
    const { where } = await firstFault(page).then(({ detail }) => detail);
    assert.match(where, /byte \d+/, 'the messages for faults were there before the network was cut');
    await wait(3000);
    const during = await observed(page);
    assert.ok(!during.types.includes('firstframe-error'), 'it gave up');
    between.restore();
    between.slow(Infinity);
    await playedTo(page, during.time + 15);
    const after = await observed(page);
    assertRightPictures('index-last', after.pictures);
    assert.ok(!after.types.includes('firstframe-error'), 'an error');

    const ends = (one) => one.range.match(/^bytes=(\d+)-(\d+)$/)?.slice(1).map(Number) ?? [];
    const at = after.requests.findIndex((one) => {
      const [first, last] = ends(one);
      return one.purpose === 'media' && one.bytes > 0 && one.bytes < last + 1 - first;
    });
    assert.ok(at >= 0, `no request was cut: ${JSON.stringify(after.requests)}`);
    const cut = after.requests[at];
    const [first, last] = ends(cut);
    const goesOn = after.requests.slice(at + 1).some((one) => {
      const [from, to] = ends(one);
      return from === first + cut.bytes && to === last;
    });
    assert.ok(goesOn, `nothing goes on at byte ${first + cut.bytes}: ${JSON.stringify(after.requests)}`);
  } finally {
    between.restore();
    between.slow(Infinity);
    await close();
  }
});

test('a seek without a network finishes when the network is back', { timeout: 180_000 }, async () => {
  const { between } = on;
  const episode = await episodeOf(on.server.url, 'index-first');
  const { page, close } = await openPlayer(on, { episode, muted: '', autoplay: '' });
  try {
    await playedTo(page, 1);
    between.cut();
    await page.evaluate(() => (globalThis.harness.player.currentTime = 52));
    await page.waitForFunction(
      () => globalThis.harness.events.some((event) => event.type === 'firstframe-waiting'),
      { timeout: 30_000 });
    await wait(2000);
    between.restore();
    await playedTo(page, 54);
    const { pictures, types } = await observed(page);
    assertRightPictures('index-first', pictures);
    assert.ok(pictures.some(([time]) => time > 53), 'no picture of where it went');
    assert.ok(!types.includes('firstframe-error'), 'it gave up');
  } finally {
    between.restore();
    await close();
  }
});

test('a film of another origin plays, and its tail is requested by suffix', { timeout: 120_000 }, async () => {
  const server = await films(await film('index-last'));
  const { page, errors, close } = await openPlayer(on, { src: server.url, muted: '', autoplay: '' });
  await playedTo(page, 3);
  const { pictures } = await observed(page);
  assertRightPictures('index-last', pictures);
  const gets = server.seen.filter((one) => one.method === 'GET');
  for (const { range } of gets) assert.match(range ?? 'none', /^bytes=(\d+-\d+|-\d+)$/);
  assert.ok(gets.some(({ range }) => /^bytes=-\d+$/.test(range ?? '')), 'no suffix range');
  assert.deepEqual(errors, []);
  await close();
  await server.stop();
});

test('a response shorter than its range is followed by a request for the rest', { timeout: 120_000 }, async () => {
  const answerMax = 100_000;
  const server = await films(await film('index-last'), { answerMax });
  const { page, errors, close } = await openPlayer(on, { src: server.url, muted: '', autoplay: '' });
  try {
    await playedTo(page, 3);
    const { pictures, types, requests } = await observed(page);
    assertRightPictures('index-last', pictures);
    const media = requests.filter((one) => one.purpose === 'media').map((one) => one.range);
    const [first, last] = media[0].match(/\d+/g).map(Number);
    assert.ok(last - first > 2 * answerMax, `the first range is too short to tell: ${media[0]}`);
    assert.equal(media[1], `bytes=${first + answerMax}-${last}`);
    assert.ok(!types.includes('firstframe-waiting'), 'it took a shorter answer for a break');
    assert.deepEqual(errors, []);
  } finally {
    await close();
    await server.stop();
  }
});

test('a film that is replaced while it plays starts over, and is never mixed', { timeout: 180_000 }, async () => {
  const server = await films(await film('index-last'));
  const { page, close } = await openPlayer(on, { src: server.url, muted: '', autoplay: '' });
  await playedTo(page, 3);
  await server.replace(await film('another-film'));
  await page.evaluate(() => (globalThis.harness.player.currentTime = 50));
  await page.waitForFunction(() => {
    const [, number] = globalThis.harness.pictures.at(-1) ?? [];
    return number >= 2000;
  }, { timeout: 60_000, polling: 50 });
  const start = await page.evaluate(() => globalThis.harness.player.currentTime);
  assert.ok(Math.abs(start - 50) < 5, `it starts over at ${start}, where 50 was wanted`);
  await playedTo(page, start + 3);
  const { pictures, types } = await observed(page);
  const first = pictures.findIndex(([, number]) => (number ?? 0) >= 2000);
  assertRightPictures('index-last', pictures.slice(0, first));
  assertRightPictures('another-film', pictures.slice(first));
  assert.ok(!types.includes('firstframe-error'), 'an error');
  await close();
  await server.stop();
});

test('a film of 10 GB with its index at the tail starts without its middle', { timeout: 180_000 }, async () => {
  const folder = path.join(on.server.data, 'large');
  const file = path.join(folder, 'ten-gigabytes.mp4');
  await mkdir(folder, { recursive: true });
  await grow(await film('index-last'), file, 10e9);
  const published = await publish(on.server.data, folder);
  assert.equal(published.status, 0, published.output);
  on.between.seen.length = 0;
  const episode = await episodeOf(on.server.url, 'ten-gigabytes');
  const { page, close } = await openPlayer(on, { episode, muted: '', autoplay: '' });
  await playedTo(page, 3);
  const { pictures } = await observed(page);
  assertRightPictures('index-last', pictures);
  const bytes = on.between.media().reduce((sum, one) => sum + one.bytes, 0);
  assert.ok(bytes < 12e6, `${bytes} bytes were fetched`);
  await close();
  await rm(folder, { recursive: true });
});

/**
 * The same film with a hole of gigabytes in its `mdat`. ffmpeg leaves 8 bytes in front of it, which
 * are the room for a 64-bit length.
 * @param {string} from @param {string} to @param {number} size
 */
async function grow(from, to, size) {
  await copyFile(from, to);
  const file = await open(to, 'r+');
  const head = Buffer.alloc(48);
  await file.read(head, 0, 48, 0);
  assert.equal(head.toString('latin1', 36, 40), 'free');
  assert.equal(head.toString('latin1', 44, 48), 'mdat');
  const mdatEnd = 40 + head.readUInt32BE(40);
  const { size: fileSize } = await file.stat();
  const moov = Buffer.alloc(fileSize - mdatEnd);
  await file.read(moov, 0, moov.length, mdatEnd);
  assert.equal(moov.toString('latin1', 4, 8), 'moov');
  head.writeUInt32BE(1, 32);
  head.write('mdat', 36, 'latin1');
  head.writeBigUInt64BE(BigInt(size - moov.length - 32), 40);
  await file.write(head, 32, 16, 32);
  await file.close();
  await truncate(to, mdatEnd);
  await truncate(to, size - moov.length);
  const again = await open(to, 'r+');
  await again.write(moov, 0, moov.length, size - moov.length);
  await again.close();
}

/** `says`: what is wrong, in words that are no part of the wasm which finds it. */
const HOPELESS = [
  {
    what: 'a text',
    says: /^not an MP4 file: it does not begin with a box \(byte 0\)$/,
    make: (file) => writeFile(file, 'Not a film at all.\n'.repeat(1000)),
  },
  { what: 'nothing', says: /^$/, make: (file) => writeFile(file, '') },
  {
    what: 'the first half of a film whose index was at its end',
    says: /^the file is cut off in mdat, and moov would come behind it \(byte \d+\)$/,
    make: async (file) => {
      await copyFile(await film('index-last'), file);
      await truncate(file, 4_000_000);
    },
  },
];

for (const { what, says, make } of HOPELESS) {
  test(`${what} is refused with an error that says what is wrong, where, and what to do`, { timeout: 60_000 }, async () => {
    const file = path.join(on.server.data, 'hopeless.mp4');
    await make(file);
    const server = await films(file);
    const { page, close } = await openPlayer(on, { src: server.url, muted: '', autoplay: '' });
    await page.waitForFunction(
      () => globalThis.harness.events.some((event) => event.type === 'firstframe-error'),
      { timeout: 30_000 });
    const { code, message, where, advice, details } = await page.evaluate(() =>
      globalThis.harness.events.find((event) => event.type === 'firstframe-error').detail);
    assert.match(code, /^[a-z_]+$/);
    for (const text of [message, where, advice]) assert.ok(text?.length > 3, `says only ${text}`);
    assert.match(details, says);
    await close();
    await server.stop();
  });
}

/** The first fault of a player on the page, and what it knows of itself then. @param {import('puppeteer-core').Page} page */
async function firstFault(page) {
  await page.waitForFunction(
    () => globalThis.harness.events.some(({ type }) => /^firstframe-(notice|waiting|error)$/.test(type)),
    { timeout: 30_000 });
  return page.evaluate(() => {
    const { events, player } = globalThis.harness;
    const { type, detail } = events.find((event) => /^firstframe-(notice|waiting|error)$/.test(event.type));
    const { error } = player;
    return { type, detail, code: error?.code, text: error?.message, isError: error instanceof MediaError };
  });
}

for (const cors of /** @type {const} */ (['none', 'no-preflight'])) {
  test(`a server that allows other sites ${cors} is told as that, and the browser's own player plays`,
    { timeout: 60_000 }, async () => {
      const server = await films(await film('index-last'), { cors });
      const { page, close } = await openPlayer(on, { src: server.url, muted: '', autoplay: '' });
      const { type, detail } = await firstFault(page);
      assert.deepEqual([type, detail.code], ['firstframe-notice', 'cors']);
      assert.match(detail.message, /^The film's server does not let this site/);
      assert.ok(detail.details.includes(new URL(server.url).origin), detail.details);
      await playedTo(page, 1);
      const { types } = await observed(page);
      assert.ok(!types.includes('firstframe-waiting'), 'told as a broken network');
      const unread = server.seen.filter(({ method }) => method === 'HEAD').length;
      assert.ok(unread >= 1 && unread <= 2, `${unread} probes`);
      await close();
      await server.stop();
    });
}

/** The page of the harness by https, with a certificate that no browser trusts. */
async function secureHarness() {
  const [cert, key] = await Promise.all(['server.pem', 'server.key'].map((name) =>
    readFile(path.join(root, 'tests/fixtures/tls', name))));
  const server = createServer({ cert, key }, (request, response) => {
    const { url, method, headers: { range } } = request;
    const headers = range === undefined ? {} : { range };
    send(new URL(url ?? '/', on.between.url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    }).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { port, stop: () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }) };
}

test('a film that is not by https is told as that where the page is', { timeout: 60_000 }, async () => {
  const [server, secure] = await Promise.all([films(await film('index-last')), secureHarness()]);
  // Browsers trust loopback addresses without https.
  const browser = await chromium('--ignore-certificate-errors', '--host-resolver-rules=MAP *.example 127.0.0.1');
  const between = { url: new URL(`https://page.example:${secure.port}/`) };
  const src = new URL(server.url);
  src.hostname = 'films.example';
  const { page } = await openPlayer({ ...on, browser, between }, { src: src.href, muted: '', autoplay: '' });
  const { detail } = await firstFault(page);
  assert.equal(detail.code, 'mixed_content');
  assert.match(detail.message, /not secure/);
  assert.match(detail.advice, /https/);
  assert.ok(detail.details.includes(src.origin), detail.details);
  await browser.close();
  await secure.stop();
  await server.stop();
});

test('a server that is not there is told as the network', { timeout: 60_000 }, async () => {
  const server = await films(await film('index-last'));
  await server.stop();
  const { page, close } = await openPlayer(on, { src: server.url, muted: '', autoplay: '' });
  const { type, detail } = await firstFault(page);
  assert.deepEqual([type, detail.code], ['firstframe-waiting', 'network']);
  await close();
});

test('a film that is not there sets the error of the element', { timeout: 60_000 }, async () => {
  const src = new URL('/api/v2/media/00000000000000000000000000000000', on.between.url).href;
  const { page, close } = await openPlayer(on, { src, muted: '', autoplay: '' });
  const { type, detail, ...error } = await firstFault(page);
  assert.deepEqual([type, detail.code], ['firstframe-error', 'not_found']);
  assert.ok(!/\d/.test(detail.message) && detail.details === 'HTTP status 404', JSON.stringify(detail));
  // MEDIA_ERR_SRC_NOT_SUPPORTED, as HTML has it before the film's length is known.
  assert.deepEqual(error, { code: 4, text: detail.message, isError: true });
  await page.evaluate(() => globalThis.harness.player.load());
  assert.equal(await page.evaluate(() => globalThis.harness.player.error), null, 'it begins anew');
  await close();
});

test('a policy that forbids blob: is told as that, and the file plays where its URL is known', { timeout: 60_000 }, async () => {
  const episode = await episodeOf(on.server.url, 'index-first');
  const src = new URL(await urlOf(on.server.url, episode), on.between.url).href;
  const { page, close } = await openPlayer(on);
  await page.evaluate(() => {
    const policy = document.createElement('meta');
    policy.httpEquiv = 'Content-Security-Policy';
    policy.content = "media-src 'self'";
    document.head.append(policy);
  });
  // The URL of an episode's film may come before the policy is broken, or after.
  for (const [film, wanted] of [[{ episode }, /^firstframe-(error|notice)$/], [{ src }, /^firstframe-notice$/]]) {
    await page.evaluate((given) => {
      globalThis.harness.events.length = 0;
      return globalThis.harness.open(given);
    }, { ...film, muted: '', autoplay: '', 'sink-on-page': '' });
    const { type, detail } = await firstFault(page);
    assert.match(type, wanted, JSON.stringify(detail));
    assert.equal(detail.code, 'policy');
    assert.match(detail.details, /media-src blob:/);
  }
  await playedTo(page, 1);
  await close();
});
