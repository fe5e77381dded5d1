// The page as a person uses it: from the first view to a playing episode, by mouse and by keyboard.

import assert from 'node:assert/strict';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { film } from '../fixtures.mjs';
import { chromium, openPage, screenshot } from './browsers.mjs';
import { addAccount, folderOf, hashPassword, publish, serve } from '../firstframe.mjs';

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {import('puppeteer-core').Browser} */
let browser;
before(async () => {
  server = await serve();
  const first = await film('index-first');
  const last = await film('index-last');
  const folder = await folderOf(server.data, {
    'Night Train.mp4': first,
    'North and South/North and South S01E01.mp4': last,
    'North and South/North and South S01E02.mp4': await film('another-film'),
  });
  const published = await publish(server.data, folder);
  assert.equal(published.status, 0, published.output);
  browser = await chromium();
}, { timeout: 240_000 });
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** @param {{ width?: number, height?: number, dark?: boolean }} [view] */
async function visit(target = '/', view = undefined) {
  const opened = await openPage(browser, view);
  await opened.page.goto(new URL(target, server.url).href, { waitUntil: 'networkidle0' });
  const clean = () => {
    assert.deepEqual(opened.errors, [], 'the page complains');
    for (const url of opened.urls) {
      const { protocol, origin } = new URL(url);
      const own = origin === server.url.origin || ['blob:', 'data:'].includes(protocol);
      assert.ok(own, `a request to somebody else: ${url}`);
    }
  };
  return { ...opened, clean, close: () => opened.page.browserContext().close() };
}

/** @param {import('puppeteer-core').Page} page @param {number} time */
function playsTo(page, time) {
  return page.waitForFunction(
    (to) => (document.querySelector('firstframe-video')?.currentTime ?? 0) >= to,
    { timeout: 60_000, polling: 50 },
    time,
  );
}

/**
 * Plays on, or from a time, once the player is there.
 * @param {import('puppeteer-core').Page} page
 * @param {number} [time]
 */
async function playsFrom(page, time) {
  await page.waitForFunction(() => typeof document.querySelector('firstframe-video')?.play === 'function');
  await page.evaluate((from) => {
    const player = document.querySelector('firstframe-video');
    player?.play();
    if (player && from !== undefined) player.currentTime = from;
  }, time);
}

/** Follows the first link whose address matches. @param {import('puppeteer-core').Page} page @param {string} start */
async function follow(page, start) {
  const selector = `#main a[href^="${start}"]`;
  await page.waitForSelector(selector, { visible: true, timeout: 15_000 });
  await page.click(selector);
  await page.waitForFunction((path) => location.pathname.startsWith(path), {}, start);
}

test('navigation leads from home to a title to a playing episode, and back', { timeout: 180_000 }, async () => {
  const { page, clean, close } = await visit();
  await page.waitForSelector('#main a[href^="/title/"]');
  await screenshot(page, 'home');
  const text = await page.evaluate(() => document.querySelector('#main')?.textContent ?? '');
  assert.ok(text.includes('Night Train') && text.includes('North and South'), text);
  await follow(page, '/title/north-and-south');
  await page.waitForSelector('#main a[href^="/watch/"]', { visible: true });
  await screenshot(page, 'title');
  await follow(page, '/watch/north-and-south.1');
  await playsTo(page, 2);
  await screenshot(page, 'watch');
  const { decoded, heading } = await page.evaluate(() => ({
    decoded: document.querySelector('firstframe-video')?.getVideoPlaybackQuality().totalVideoFrames,
    heading: document.querySelector('h1')?.textContent,
  }));
  assert.ok((decoded ?? 0) > 10, `${decoded} pictures decoded`);
  assert.ok(heading, 'a page without a heading');
  await page.goBack();
  await page.waitForFunction(() => location.pathname === '/title/north-and-south');
  assert.equal(await page.$('firstframe-video'), null, 'the player stays behind');
  clean();
  await close();
});

test('a click during a view transition is followed', { timeout: 60_000 }, async () => {
  const { page, clean, close } = await visit();
  // The change of views is held at its beginning, where its pictures cover the page.
  await page.evaluate(async () => {
    const link = document.querySelector('#main a[href^="/title/north-and-south"]');
    if (link instanceof HTMLElement) link.click();
    for (let held = 0; held === 0;) {
      await new Promise(requestAnimationFrame);
      for (const animation of document.getAnimations()) {
        const { effect } = animation;
        if (!(effect instanceof KeyframeEffect)) continue;
        if (!effect.pseudoElement?.startsWith('::view-transition')) continue;
        animation.pause();
        held += 1;
      }
    }
  });
  const { x, y } = await page.$eval('#main a[href^="/watch/"]', (link) => {
    const { left, top, width, height } = link.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  });
  await page.mouse.click(x, y);
  await page.waitForFunction(() => location.pathname.startsWith('/watch/'), { timeout: 5_000 });
  await playsTo(page, 0.1);
  clean();
  await close();
});

test('the keyboard alone plays, pauses, seeks and mutes', { timeout: 180_000 }, async () => {
  const { page, clean, close } = await visit('/title/night-train');
  await page.waitForSelector('#main a[href^="/watch/"]', { visible: true });
  for (let press = 0; press < 30; press += 1) {
    await page.keyboard.press('Tab');
    const href = await page.evaluate(() => document.activeElement?.getAttribute('href') ?? '');
    if (href.startsWith('/watch/')) break;
  }
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.pathname.startsWith('/watch/night-train'));
  await playsTo(page, 1);
  const state = () => page.evaluate(() => {
    const player = document.querySelector('firstframe-video');
    return { time: player?.currentTime ?? 0, paused: player?.paused, muted: player?.muted };
  });
  await page.keyboard.press('k');
  const paused = await state();
  assert.equal(paused.paused, true, 'k pauses');
  await page.keyboard.press('l');
  assert.ok(Math.abs((await state()).time - paused.time - 10) < 0.1, 'l goes 10 s on');
  await page.keyboard.press('ArrowLeft');
  assert.ok(Math.abs((await state()).time - paused.time - 5) < 0.1, 'the left arrow goes 5 s back');
  await page.keyboard.press('m');
  assert.equal((await state()).muted, true, 'm mutes');
  await page.keyboard.press('k');
  await playsTo(page, paused.time + 6);
  clean();
  await close();
});

test('a film that this browser does not decode is marked before the click', { timeout: 60_000 }, async () => {
  const { page, clean, close } = await visit('/');
  // As if it had no decoder for H.264.
  await page.evaluateOnNewDocument(() => {
    MediaSource.isTypeSupported = (type) => !type.includes('avc1');
  });
  for (const [target, marks] of [['/title/night-train', 0], ['/title/north-and-south', 2]]) {
    await page.goto(new URL(target, server.url).href, { waitUntil: 'networkidle0' });
    const warning = await page.waitForSelector('.title-warning', { visible: true, timeout: 5_000 });
    const text = await warning?.evaluate((one) => one.textContent);
    assert.equal(text, 'This browser does not play this kind of H.264, in which this film is. Another browser may.');
    const rows = await page.$$eval('.episode-meta', (all) => all.map((one) => one.textContent ?? ''));
    assert.equal(rows.filter((row) => row.startsWith('Not in this browser')).length, marks, `${rows}`);
  }
  await screenshot(page, 'title-not-in-this-browser');
  clean();
  await close();
  const other = await visit('/title/night-train');
  assert.equal(await other.page.$('.title-warning'), null, 'a film that plays is marked');
  await other.close();
});

test('an error is a sentence and an advice, with the technical line behind details', { timeout: 60_000 }, async () => {
  const { page, clean, close } = await visit('/title/night-train');
  await follow(page, '/watch/night-train');
  await page.waitForSelector('firstframe-video');
  const fault = { code: 'decode', message: 'The browser could not decode the film.', where: 'at 1:05 of the film',
    advice: 'Play on from a little later.', details: 'PIPELINE_ERROR_DECODE: <b>video</b>' };
  await page.$eval('firstframe-video', (player, detail) => {
    player.dispatchEvent(new CustomEvent('firstframe-error', { detail }));
  }, fault);
  const panel = await page.waitForSelector('.panel', { visible: true });
  const shown = () => panel?.evaluate((one) => (one instanceof HTMLElement ? one.innerText : ''));
  assert.match(await shown() ?? '', /^The browser could not decode the film\.\s+Play on from a little later\./);
  for (const text of ['PIPELINE', 'decode\n', '1:05']) {
    assert.ok(!(await shown())?.includes(text), `${text} is not behind details`);
  }
  await screenshot(page, 'error');
  await page.click('.panel summary');
  assert.ok((await shown())?.includes('PIPELINE_ERROR_DECODE: <b>video</b> · at 1:05 of the film · decode'));
  await screenshot(page, 'error-details');
  clean();
  await close();
});

test('a server that fails is told in a sentence, with its answer behind details', { timeout: 60_000 }, async () => {
  const { page, close } = await visit('/');
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (!request.url().includes('/api/v2/catalog/')) return request.continue();
    const error = { code: 'storage_unavailable', message: 'c/root: expected value at line 1 column 1' };
    return request.respond({ status: 503, contentType: 'application/json', body: JSON.stringify({ error }) });
  });
  await page.goto(new URL('/title/night-train', server.url).href);
  const notice = await page.waitForSelector('.notice', { visible: true });
  const shown = () => notice?.evaluate((one) => (one instanceof HTMLElement ? one.innerText : ''));
  assert.match(await shown() ?? '', /^The library could not be read\s+The server has a problem of its own\./);
  assert.ok(!(await shown())?.includes('line 1 column 1'), 'it reads like a log');
  await page.click('.notice summary');
  assert.ok((await shown())?.includes('line 1 column 1'));
  await screenshot(page, 'notice-details');
  await close();
});

test('missing pages say so, with a link to home', { timeout: 120_000 }, async () => {
  for (const target of ['/title/absent', '/watch/absent.1', '/watch/night-train.9']) {
    const { page, close } = await visit(target);
    await page.waitForFunction(
      () => document.querySelector('#main [href="/"], #main a[href^="/title/"]')
        && (document.querySelector('h1, h2')?.textContent ?? '').length > 5,
      { timeout: 15_000 });
    await close();
  }
});

test('an unknown path is the page that says so, with status 404', { timeout: 60_000 }, async () => {
  const opened = await openPage(browser);
  const response = await opened.page.goto(new URL('/no/such/path', server.url).href);
  assert.equal(response?.status(), 404);
  await opened.page.waitForFunction(() => document.querySelector('h1')?.textContent?.includes('nothing here'));
  await opened.page.browserContext().close();
});

test('a private library asks for its password, then shows what was asked for', { timeout: 120_000 }, async () => {
  const hash = await hashPassword('open sesame');
  const own = await serve(['--viewers', 'password', '--viewers-password', hash]);
  const folder = await folderOf(own.data, { 'Night Train.mp4': await film('index-first') });
  assert.equal((await publish(own.data, folder)).status, 0);
  const { page } = await openPage(browser);
  for (const target of ['/', '/title/night-train', '/watch/night-train.1']) {
    await page.goto(new URL(target, own.url).href);
    await page.waitForSelector('.sign-in input', { visible: true });
  }
  await page.type('.sign-in input', 'open barley');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('[role=alert]')?.textContent?.includes('not the password'));
  await page.type('.sign-in input', 'open sesame');
  await page.keyboard.press('Enter');
  await page.waitForSelector('firstframe-video');
  await page.evaluate(() => document.querySelector('firstframe-video')?.play());
  await playsTo(page, 1);
  await page.goto(own.url.href);
  await page.waitForSelector('#main a[href="/title/night-train"]');
  await page.browserContext().close();
  await own.stop();
});

test('viewers sign in by name, go on where they were on another device, and sign out', { timeout: 400_000 }, async () => {
  const own = await serve(['--viewers', 'accounts']);
  await addAccount(own.data, 'anna', 'open sesame');
  await addAccount(own.data, 'bob', 'swordfish');
  const folder = await folderOf(own.data, { 'Night Train.mp4': await film('index-first') });
  assert.equal((await publish(own.data, folder)).status, 0);
  const device = async () => {
    const { page } = await openPage(browser);
    page.setDefaultTimeout(90_000);
    await page.goto(own.url.href);
    return page;
  };
  /** @param {import('puppeteer-core').Page} page @param {string} name @param {string} password */
  const signIn = async (page, name, password) => {
    await page.waitForSelector('.sign-in #username', { visible: true });
    for (const [field, text] of [['#username', name], ['#password', password]]) {
      await page.$eval(field, (input) => (/** @type {HTMLInputElement} */ (input).value = ''));
      await page.type(field, text);
    }
    await page.keyboard.press('Enter');
  };
  const laptop = await device();
  await signIn(laptop, 'anna', 'open barley');
  await laptop.waitForFunction(() => document.querySelector('[role=alert]')?.textContent?.includes('is wrong'));
  await signIn(laptop, 'Anna', 'open sesame');
  await laptop.waitForSelector('#main a[href="/title/night-train"]');
  assert.match(await laptop.$eval('#signed-in', (shown) => shown.textContent ?? ''), /^anna/);
  await screenshot(laptop, 'signed-in');
  await laptop.goto(new URL('/watch/night-train.1', own.url).href);
  await playsFrom(laptop, 30);
  await playsTo(laptop, 31);
  await laptop.goto(own.url.href);

  const phone = await device();
  await signIn(phone, 'anna', 'open sesame');
  const goesOn = '#main a.card[href="/watch/night-train.1"]';
  // The row is left out where its answer is late.
  await phone.waitForSelector('#main a[href="/title/night-train"]');
  while (!(await phone.$(goesOn))) {
    await phone.goto(own.url.href);
    await phone.waitForSelector('#main a[href="/title/night-train"]');
  }
  await phone.click(goesOn);
  await playsFrom(phone);
  await playsTo(phone, 0.1);
  const time = await phone.evaluate(() => document.querySelector('firstframe-video')?.currentTime ?? 0);
  assert.ok(time > 20, `her phone goes on at ${time} s`);
  // While views change, a click of the mouse is for the pictures that lie over the page.
  await phone.$eval('#signed-in button', (out) => /** @type {HTMLButtonElement} */ (out).click());
  await phone.waitForSelector('.sign-in #username', { visible: true });
  assert.equal(await phone.$('#signed-in'), null);
  await signIn(phone, 'bob', 'swordfish');
  await phone.waitForSelector('#main a[href="/title/night-train"]');
  assert.equal(await phone.$(goesOn), null, 'what anna watches is not for bob');
  for (const page of [laptop, phone]) await page.browserContext().close();
  await own.stop();
});

test('a link to an episode that moved leads to its film', { timeout: 180_000 }, async () => {
  const own = await serve();
  const folder = await folderOf(own.data, {
    'Night Train.mp4': await film('index-first'),
    'Day Train.mp4': await film('another-film'),
  });
  assert.equal((await publish(own.data, folder)).status, 0);
  const { page } = await openPage(browser);
  await page.goto(new URL('/watch/night-train.1', own.url).href);
  await playsFrom(page);
  await playsTo(page, 1);
  await page.goto(own.url.href);
  await page.evaluate(() => {
    const places = JSON.parse(localStorage.getItem('firstframe.places') ?? '[]');
    const others = places.filter((/** @type {{ episodeId: string }} */ one) => one.episodeId !== 'night-train.1');
    const place = { episodeId: 'night-train.1', catalogId: 'night-train', title: 'Night Train', detail: '',
      coverImage: '', position: 30, duration: 60, at: Date.now() };
    localStorage.setItem('firstframe.places', JSON.stringify([place, ...others]));
  });
  // Both films become episodes of one series.
  await mkdir(path.join(folder, 'Trains'));
  await rename(path.join(folder, 'Day Train.mp4'), path.join(folder, 'Trains/Trains S01E01.mp4'));
  await rename(path.join(folder, 'Night Train.mp4'), path.join(folder, 'Trains/Trains S01E02.mp4'));
  const again = await publish(own.data, folder);
  assert.equal(again.status, 0, again.output);
  await page.waitForFunction(
    async () => (await fetch('/api/v2/catalog/night-train')).json().then((one) => one.data?.movedEpisodes),
    { timeout: 30_000, polling: 200 });
  // No instance serves the catalog before.
  await page.waitForFunction(async () => {
    const asked = Array.from({ length: 24 }, () => fetch('/api/v2/stream/trains.2', { cache: 'no-store' }));
    return (await Promise.all(asked)).every(({ ok }) => ok);
  }, { timeout: 60_000, polling: 500 });
  await page.goto(new URL('/watch/night-train.1', own.url).href);
  await page.waitForFunction(() => location.pathname === '/watch/trains.2');
  await playsFrom(page);
  await playsTo(page, 30.5);
  const start = await page.$eval('firstframe-video', (player) => player.getAttribute('start'));
  assert.equal(start, '30', 'it goes on where this device left the old id');
  const [saved] = await page.evaluate(() => JSON.parse(localStorage.getItem('firstframe.places') ?? '[]'));
  assert.equal(saved.episodeId, 'trains.2', 'what this device knew of the old id is that of the new one');
  const entries = await page.evaluate(() => history.length);
  await page.goBack();
  assert.equal(new URL(page.url()).pathname, '/', `the old address is not in the history of ${entries}`);
  await page.browserContext().close();
  await own.stop();
});

for (const dark of [false, true]) {
  for (const { name, width, height } of [
    { name: 'narrow', width: 390, height: 844 },
    { name: 'wide', width: 1600, height: 1000 },
  ]) {
    const what = `${name} and ${dark ? 'dark' : 'light'}`;
    test(`page is not cut off: ${what}`, { timeout: 120_000 }, async () => {
      for (const [view, target] of Object.entries({
        home: '/', title: '/title/north-and-south', watch: '/watch/north-and-south.2',
      })) {
        const { page, clean, close } = await visit(target, { width, height, dark });
        await page.waitForSelector('#main h1, #main h2');
        await screenshot(page, `${view}-${name}-${dark ? 'dark' : 'light'}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${view} is ${over} points wider than the screen`);
        const shade = await page.evaluate(() => {
          const parts = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g) ?? [];
          return parts.slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
        });
        assert.equal(shade < 100, dark, `${view} is ${shade} bright`);
        clean();
        await close();
      }
    });
  }
}
