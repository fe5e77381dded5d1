// Colours: each picture is that of the browser's own player, whatever the film says of its colours.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium, firefox } from './browsers.mjs';
import { publish, serve } from '../firstframe.mjs';
import { elementOf, episodeOf, openPlayer, urlOf } from './fixture.mjs';
import { proxy } from './proxy.mjs';

const LINES = [240, 360, 480, 576, 720];
const BT_709 = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
/** The stream states none, so that those of the file count. */
const UNSTATED = 'colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2';
/** What a film says of its colours: ffmpeg writes `colr` and `vpcC` by it. */
const STATED = {
  none: [],
  full: ['-color_range', 'pc'],
  colr: [...BT_709],
  'colr-full': [...BT_709, '-color_range', 'pc'],
};
const CODECS = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '2M'],
};
/** Of 255, on average over all colours of all points. */
const DIFFERENCE_MAX = 0.5;

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {Awaited<ReturnType<typeof proxy>>} */
let between;
/** @type {Array<{ name: string, episode: string, url: string }>} */
const films = [];

before(async () => {
  server = await serve();
  const folder = path.join(server.data, 'films');
  await mkdir(folder);
  const names = [];
  /** @param {string} name @param {string} type @param {number} lines @param {string[]} given */
  const make = (name, type, lines, given) => {
    const size = `testsrc2=s=${lines * 4 / 3}x${lines}:r=5`;
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', size, '-t', '1', '-pix_fmt', 'yuv420p',
      ...given, path.join(folder, `${name}.${type}`)]);
    names.push(name);
  };
  for (const lines of LINES) {
    for (const [codec, encoder] of Object.entries(CODECS)) {
      for (const [stated, flags] of Object.entries(STATED)) {
        make(`${codec}-${stated}-of-${lines}`, 'mp4', lines, [...encoder, ...flags]);
      }
    }
  }
  const unstated = [...CODECS.h264, ...BT_709, '-bsf:v', `h264_metadata=${UNSTATED}`];
  make('file-only-of-360', 'mp4', 360, unstated);
  // QuickTime's form of `colr`.
  make('quicktime-of-360', 'mov', 360, unstated);
  make('quicktime-of-720', 'mov', 720, [...CODECS.h264, '-bsf:v', `h264_metadata=${UNSTATED}`,
    '-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m']);
  const { status, output } = await publish(server.data, folder);
  assert.equal(status, 0, output);
  for (const name of names) {
    const episode = await episodeOf(server.url, name);
    films.push({ name, episode, url: await urlOf(server.url, episode) });
  }
  between = await proxy(server.url);
}, { timeout: 240_000 });
after(async () => {
  await between?.stop();
  await server?.stop();
});

/** In the page: how far the pictures of each way to play a film are from those of the own player. */
async function differences(films) {
  await globalThis.harness.load();
  const picture = async (tag, attributes) => {
    const element = document.createElement(tag);
    const faults = [];
    for (const type of ['firstframe-error', 'firstframe-notice']) {
      element.addEventListener(type, (event) => faults.push(event.detail.code));
    }
    for (const [name, value] of Object.entries({ muted: '', preload: 'auto', ...attributes })) {
      element.setAttribute(name, value);
    }
    document.body.append(element);
    const video = element.video ?? element;
    const until = async (isSo) => {
      for (const end = Date.now() + 30_000; !isSo() && Date.now() < end && !video.error && !faults.length;) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await until(() => video.readyState >= 2);
    // A picture that is not the first, whichever way.
    const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    element.currentTime = 0.5;
    await until(() => !video.seeking && video.readyState >= 2 && element.currentTime === 0.5);
    await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 5000))]);
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    if (!canvas.width) return { faults, data: [] };
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    element.removeAttribute('src');
    element.remove();
    return { faults, data };
  };
  const far = [];
  for (const { name, episode, url } of films) {
    const own = await picture('video', { src: url });
    const ways = { episode: { episode }, src: { src: new URL(url, location.href).href } };
    for (const [way, attributes] of Object.entries(ways)) {
      const { data, faults } = await picture('firstframe-video', attributes);
      let sum = 0;
      for (let at = 0; at < own.data.length; at += 1) sum += Math.abs(own.data[at] - (data[at] ?? 0));
      const mean = sum / own.data.length;
      far.push({ name, way, points: own.data.length, mean, faults });
    }
  }
  return far;
}

for (const [browserName, launch] of Object.entries({ Chromium: chromium, Firefox: firefox })) {
  test(`pictures in ${browserName} have the colours of its own player`, { timeout: 300_000 }, async () => {
    const browser = await launch();
    try {
      const element = await elementOf(server.url);
      const { page } = await openPlayer({ between, browser, element });
      const found = [];
      for (const film of films) found.push(...await page.evaluate(differences, [film]));
      const far = found.filter(({ mean, points, faults }) =>
        !points || !(mean <= DIFFERENCE_MAX) || faults.length);
      assert.deepEqual(far, []);
      assert.equal(found.length, films.length * 2);
    } finally {
      await browser.close();
    }
  });
}
