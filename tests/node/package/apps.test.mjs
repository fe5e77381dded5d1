// The package for npm in fresh apps, each of which plays a film of another origin in Chromium.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium, openPage } from '../browser/browsers.mjs';
import { films } from '../browser/films.mjs';
import { root } from '../firstframe.mjs';
import { film } from '../fixtures.mjs';
import { freePort, startServer } from '../process.mjs';
import { tarball } from './tarball.mjs';

const run = promisify(execFile);
const VERSIONS = { vite: '8.4.0', webpack: '5.113.0', 'webpack-cli': '7.3.1', esbuild: '0.28.2', react: '19.3.1',
  'react-dom': '19.3.1', 'media-chrome': '4.19.4' };
/** The film is in the page's address. */
const PLAIN = `import '@firstframe/video';
const player = document.createElement('firstframe-video');
Object.assign(player, { src: new URL(location).searchParams.get('film'), muted: true, controls: true });
player.addEventListener('play', () => (globalThis.isPlayed = true));
document.body.append(player);
`;
const REACT = `import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { FirstframeVideo } from '@firstframe/video/react';
const root = document.createElement('main');
document.body.append(root);
const ref = (player) => (globalThis.ref = player);
createRoot(root).render(createElement(FirstframeVideo, {
  src: new URL(location).searchParams.get('film'), muted: true, controls: true, loop: true, className: 'film', ref,
  onPlay: () => (globalThis.isPlayed = true),
}));
`;
const html = (/** @type {string} */ script) =>
  `<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="${script}"></script></body>`;

/** @type {string} */
let folder;
/** @type {Awaited<ReturnType<typeof films>>} */
let source;
/** @type {import('puppeteer-core').Browser} */
let browser;
before(async () => {
  await mkdir(path.join(root, 'target/tests'), { recursive: true });
  folder = await mkdtemp(path.join(root, 'target/tests/apps-'));
  const dependencies = { ...VERSIONS, '@firstframe/video': `file:${await tarball()}` };
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
  await run('npm', ['install', '--no-audit', '--no-fund', '--silent'], { cwd: folder });
  source = await films(await film('index-last'));
  browser = await chromium();
}, { timeout: 300_000 });
after(async () => {
  await browser?.close();
  await source?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Files of an app, by their names. @param {string} name @param {Record<string, string>} files */
async function app(name, files) {
  const at = path.join(folder, name);
  await mkdir(at, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(at, file), text);
  return at;
}

/** Runs a program of the app's packages. @param {string} at @param {string} program @param {string[]} args */
const tool = (at, program, args) => run(path.join(folder, 'node_modules/.bin', program), args, { cwd: at });

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves a folder to pages of any origin. @param {string} at */
async function serveFolder(at) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = path.join(at, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    const bytes = await readFile(file).catch(() => undefined);
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(bytes ? 200 : 404, { 'content-type': type, 'access-control-allow-origin': '*' });
    response.end(bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/`, stop };
}

/** The app at this address plays. @param {string} url */
async function assertPlays(url) {
  const { page, errors } = await openPage(browser);
  const address = new URL(url);
  address.searchParams.set('film', source.url);
  await page.goto(address.href);
  await page.waitForFunction(() => document.querySelector('firstframe-video')?.readyState > 0, { timeout: 60_000 })
    .catch((cause) => {
      throw new Error(`nothing is there: ${errors.join('\n')}`, { cause });
    });
  await page.evaluate(() => document.querySelector('firstframe-video').play());
  await page.waitForFunction(() => document.querySelector('firstframe-video').currentTime > 1, { timeout: 60_000 });
  const stats = await page.evaluate(() => document.querySelector('firstframe-video').stats());
  assert.ok(stats.bytesAppended > 0 && stats.mediaBytesInWasm === 0, `its own player: ${JSON.stringify(stats)}`);
  assert.equal(await page.evaluate(() => globalThis.isPlayed), true, 'nobody heard of `play`');
  assert.deepEqual(errors, []);
  return page;
}

/** @param {string} at */
async function assertFolderPlays(at) {
  const server = await serveFolder(at);
  const page = await assertPlays(server.url);
  await page.browserContext().close();
  await server.stop();
}

test('page without a bundler plays with the package of another origin', { timeout: 120_000 }, async () => {
  const server = await serveFolder(path.join(folder, 'node_modules/@firstframe/video'));
  const script = PLAIN.replace('@firstframe/video', `${server.url}element.js`);
  await assertFolderPlays(await app('plain', { 'index.html': html('./main.js'), 'main.js': script }));
  await server.stop();
});

test('app of Vite and React plays when it is built', { timeout: 240_000 }, async () => {
  const at = await app('vite', { 'index.html': html('./main.js'), 'main.js': REACT });
  await tool(at, 'vite', ['build']);
  const server = await serveFolder(path.join(at, 'dist'));
  const page = await assertPlays(server.url);
  const given = await page.evaluate(() => {
    const { ref } = globalThis;
    return [ref.loop, ref.video.loop, ref.className, ref === document.querySelector('firstframe-video')];
  });
  assert.deepEqual(given, [true, true, 'film', true]);
  await page.browserContext().close();
  await server.stop();
});

test('app of Vite plays whose scripts are of another origin', { timeout: 240_000 }, async () => {
  const at = await app('vite-cdn', { 'index.html': html('./main.js'), 'main.js': PLAIN });
  const cdn = await serveFolder(path.join(at, 'dist'));
  await tool(at, 'vite', ['build', '--base', cdn.url]);
  await assertFolderPlays(path.join(at, 'dist'));
  await cdn.stop();
});

test('app of Vite plays while it is developed', { timeout: 240_000 }, async () => {
  const config = "export default { server: { host: '127.0.0.1' }, optimizeDeps: { exclude: ['@firstframe/video'] } };";
  const at = await app('vite-dev', { 'index.html': html('./main.js'), 'main.js': PLAIN, 'vite.config.js': config });
  const port = await freePort();
  const vite = path.join(folder, 'node_modules/.bin/vite');
  const stop = await startServer([vite, at, '--port', `${port}`, '--strictPort'], port);
  const page = await assertPlays(`http://127.0.0.1:${port}/`);
  await page.browserContext().close();
  await stop();
});

test('app of webpack plays', { timeout: 240_000 }, async () => {
  const at = await app('webpack', { 'main.js': PLAIN });
  await tool(at, 'webpack', ['--mode', 'production', '--entry', './main.js', '--output-path', './dist']);
  await writeFile(path.join(at, 'dist/index.html'), html('./main.js'));
  await assertFolderPlays(path.join(at, 'dist'));
});

test('app of esbuild plays, with the files that its README says to copy', { timeout: 240_000 }, async () => {
  const at = await app('esbuild', { 'main.js': PLAIN });
  await tool(at, 'esbuild', ['main.js', '--bundle', '--format=esm', '--outfile=dist/main.js']);
  const from = path.join(folder, 'node_modules/@firstframe/video');
  const copied = (await readFile(path.join(from, 'README.md'), 'utf8')).match(/copy (.+?) of this package/)?.[1] ?? '';
  const names = [...copied.matchAll(/`(.+?)`/g)].map(([, name]) => name);
  assert.equal(names.length, 3, copied);
  for (const name of names) await cp(path.join(from, name), path.join(at, 'dist', name));
  await writeFile(path.join(at, 'dist/index.html'), html('./main.js'));
  await assertFolderPlays(path.join(at, 'dist'));
});

test('controls of media-chrome drive it as a video element', { timeout: 240_000 }, async () => {
  const controls = `import 'media-chrome';
const player = document.createElement('firstframe-video');
Object.assign(player, { slot: 'media', src: new URL(location).searchParams.get('film'), muted: true });
player.addEventListener('play', () => (globalThis.isPlayed = true));
const controller = document.createElement('media-controller');
const names = ['play-button', 'mute-button', 'seek-forward-button', 'time-range', 'time-display', 'playback-rate-button'];
controller.append(player, ...names.map((name) => document.createElement(\`media-\${name}\`)));
document.body.append(controller);
import('@firstframe/video');
`;
  const at = await app('media-chrome', { 'index.html': html('./main.js'), 'main.js': controls });
  await tool(at, 'vite', ['build']);
  const server = await serveFolder(path.join(at, 'dist'));
  const page = await assertPlays(server.url);
  const click = (/** @type {string} */ name) => page.evaluate((tag) => document.querySelector(tag).click(), `media-${name}`);
  /** @param {string} is of the player, as an expression of `player` */
  const until = (is) => page.waitForFunction((text) => {
    const player = document.querySelector('firstframe-video');
    return { paused: player.paused, plays: !player.paused, loud: !player.muted, ahead: player.currentTime > 30,
      shown: document.querySelector('media-time-range').mediaDuration > 59 }[text];
  }, { timeout: 60_000 }, is);
  await until('shown');
  await click('play-button');
  await until('paused');
  await click('mute-button');
  await until('loud');
  await click('seek-forward-button');
  await until('ahead');
  await click('play-button');
  await until('plays');
  await page.browserContext().close();
  await server.stop();
});
