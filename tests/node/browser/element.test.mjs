// The members and events of HTML's media element, and whether <firstframe-video> has them: docs/element.md
// says so, and is written by UPDATE_DOCS=1.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import ts from 'typescript';
import { chromium, firefox, openPage } from './browsers.mjs';
import { elementOf } from './fixture.mjs';
import { root, serve } from '../firstframe.mjs';

const DOC = path.join(root, 'docs/element.md');
/** Events of a media element that every element may have a handler of (HTML § 4.8.11.16). */
const COMMON_EVENTS = ['abort', 'canplay', 'canplaythrough', 'durationchange', 'emptied', 'ended', 'error',
  'loadeddata', 'loadedmetadata', 'loadstart', 'pause', 'play', 'playing', 'progress', 'ratechange', 'resize',
  'seeked', 'seeking', 'stalled', 'suspend', 'timeupdate', 'volumechange', 'waiting'];
const NAMES = { chromium: 'Chromium', firefox: 'Firefox' };

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Record<string, import('puppeteer-core').Browser>} */
const browsers = {};
/** @type {Record<string, import('puppeteer-core').Page>} */
const pages = {};
before(async () => {
  server = await serve();
  Object.assign(browsers, { chromium: await chromium(), firefox: await firefox() });
  const element = await elementOf(server.url);
  for (const [name, browser] of Object.entries(browsers)) {
    const { page } = await openPage(browser);
    await page.goto(new URL('/player/firstframe.js', server.url).href);
    // A property that is set before the class is there.
    await page.evaluate(async (url) => {
      const early = document.createElement('firstframe-video');
      Object.assign(early, { loop: true, volume: 0.25, preload: 'none', token: 'a token' });
      document.body.append(early);
      Object.assign(globalThis, { early });
      Object.assign(globalThis, await import(url));
    }, new URL(element, server.url).href);
    pages[name] = page;
  }
}, { timeout: 240_000 });
after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await server?.stop();
});

/** Members and events of HTML's media element, as TypeScript's library lists them. */
async function html() {
  const file = path.join(root, 'tests/node/node_modules/typescript/lib/lib.dom.d.ts');
  const source = ts.createSourceFile(file, await readFile(file, 'utf8'), ts.ScriptTarget.Latest);
  /** @param {string} name */
  const members = (name) => source.statements
    .filter((node) => ts.isInterfaceDeclaration(node) && node.name.text === name)
    .flatMap(({ members }) => members.map((member) => member.name?.text))
    .filter((member) => member && !/EventListener$/.test(member));
  const own = [...members('HTMLMediaElement'), ...members('HTMLVideoElement')];
  const events = [...members('HTMLMediaElementEventMap'), ...members('HTMLVideoElementEventMap')];
  return { members: [...new Set(own)].sort(), events: [...COMMON_EVENTS, ...events].sort() };
}

/** @param {string[]} members @param {string[]} events */
async function inspect(members, events) {
  const { FirstframeVideo } = globalThis;
  const player = document.createElement('firstframe-video');
  const native = document.createElement('video');
  /** @type {Record<string, string>} */
  const has = {};
  for (const member of members) {
    // Those that are passed on are listed, as HTML's own are; those of a class are not.
    const isPassedOn = Object.getOwnPropertyDescriptor(FirstframeVideo.prototype, member)?.enumerable;
    const own = isPassedOn ? 'passed on' : 'its own';
    has[member] = `${member in native ? 'yes' : '–'} | ${member in player ? own : '–'}`;
  }
  for (const type of events) {
    let isSeen = false;
    player.addEventListener(type, (event) => (isSeen = event.target === player && !event.composed));
    const isHandled = `on${type}` in player;
    if (type === 'loadstart') {
      // The element dispatches this one itself. Nobody listens at that port, and nothing is fetched.
      Object.assign(player, { preload: 'none', src: 'https://127.0.0.1:9/' });
      document.body.append(player);
      await new Promise((resolve) => setTimeout(resolve));
    } else if (type === 'error') {
      // As it comes from a fault, of which `faults.test.mjs` has many.
      player.dispatchEvent(new Event(type));
    } else {
      player.video.dispatchEvent(new Event(type));
    }
    has[`event ${type}`] = `${isSeen ? 'yes' : '–'} | ${isHandled ? 'yes' : '–'}`;
  }
  player.remove();
  return has;
}

test('docs/element.md says what the element has, and it has all that the browser has', { timeout: 120_000 }, async () => {
  const { members, events } = await html();
  assert.ok(members.length > 60 && events.length > 25, `${members.length} members, ${events.length} events`);
  /** @type {Record<string, Record<string, string>>} */
  const has = {};
  for (const [name, page] of Object.entries(pages)) {
    has[name] = await page.evaluate(inspect, members, events);
    const missing = members.filter((member) => /^yes \| –/.test(has[name][member]));
    assert.deepEqual(missing, [], `members that ${name} has and the element has not`);
  }
  const names = Object.keys(pages);
  const row = (/** @type {string} */ label, /** @type {string} */ key) =>
    `| \`${label}\` | ${names.map((name) => has[name][key]).join(' | ')} |`;
  const head = (/** @type {string} */ what, /** @type {string} */ first, /** @type {string} */ second) => [
    `| ${what} | ${names.map((name) => `${NAMES[name]}${first} | ${second}`).join(' | ')} |`,
    `|---|${'---|---|'.repeat(names.length)}`,
  ];
  const text = [
    '# The element and HTML\'s media element',
    '',
    'Each member of `HTMLMediaElement` and `HTMLVideoElement`, and each of their events, in Chromium and in Firefox. '
      + '`tests/node/browser/element.test.mjs` writes this file with `UPDATE_DOCS=1`, and fails where it is out of date.',
    '',
    '## Members',
    '',
    'A member that the browser has is *passed on* to the video element inside, or `<firstframe-video>` has *its own*.',
    '',
    ...head('member', ', `<video>`', '`<firstframe-video>`'),
    ...members.map((member) => row(member, member)),
    '',
    '## Events',
    '',
    'They are dispatched on the element itself, with their own classes, and do not bubble. A *handler* is a property such as `onplay`.',
    '',
    ...head('event', '', 'handler'),
    ...events.map((type) => row(type, `event ${type}`)),
    '',
  ].join('\n');
  if (process.env.UPDATE_DOCS) await writeFile(DOC, text);
  const written = await readFile(DOC, 'utf8').catch(() => '');
  assert.equal(written, text, 'docs/element.md is out of date: UPDATE_DOCS=1 writes it');
});

/** Values that a page may set, and what a video element then has. */
const VALUES = {
  autoplay: true, controls: true, loop: true, muted: true, defaultMuted: true, playsInline: true,
  disablePictureInPicture: true, crossOrigin: 'anonymous', preload: 'none', poster: 'https://a.example/b.png',
  width: 320, height: 180, volume: 0.5, playbackRate: 2, defaultPlaybackRate: 1.5, preservesPitch: false,
  controlsList: 'nodownload',
};

for (const name of Object.keys(NAMES)) {
  test(`${name}: properties and attributes are those of a video element`, { timeout: 120_000 }, async () => {
    const [ours, theirs] = await pages[name].evaluate((values) => ['firstframe-video', 'video'].map((tag) => {
      const element = document.createElement(tag);
      /** @type {Record<string, unknown>} */
      const read = {};
      for (const [property, value] of Object.entries(values)) {
        if (!(property in HTMLVideoElement.prototype)) continue;
        // What `preload` is without a value is left to browsers.
        const missing = () => (property === 'preload' ? 'any' : `${element[property]}`);
        const attribute = property === 'defaultMuted' ? 'muted' : property.toLowerCase();
        const before = missing();
        element[property] = value;
        read[property] = [before, `${element[property]}`, element.getAttribute(attribute)];
        // Back again by the attribute.
        if (element.hasAttribute(attribute)) {
          element.removeAttribute(attribute);
          read[property].push(missing(), element.hasAttribute(attribute));
        }
      }
      return read;
    }), VALUES);
    assert.deepEqual(ours, theirs);
  });

  test(`${name}: properties that were set before the class was there are kept`, async () => {
    const found = await pages[name].evaluate(() => {
      const { early } = globalThis;
      const own = ['loop', 'volume', 'preload'].filter((property) => Object.hasOwn(early, property));
      return [early.video.loop, early.video.volume, early.getAttribute('preload'), early.token, own];
    });
    assert.deepEqual(found, [true, 0.25, 'none', 'a token', []]);
  });

  test(`${name}: width and height are its size, which a style overrides`, async () => {
    const sizes = await pages[name].evaluate(() => {
      const player = document.createElement('firstframe-video');
      document.body.append(player);
      const size = () => [player.offsetWidth, player.offsetHeight];
      Object.assign(player, { width: 320, height: 180 });
      const byAttributes = size();
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('firstframe-video { width: 200px }');
      document.adoptedStyleSheets = [sheet];
      const byStyle = size();
      document.adoptedStyleSheets = [];
      player.remove();
      return [byAttributes, byStyle];
    });
    assert.deepEqual(sizes, [[320, 180], [200, 180]]);
  });
}
