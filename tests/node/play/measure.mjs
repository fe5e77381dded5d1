// Publishes films, and plays each in a browser in three ways: by the browser's own element, by `src`,
// and by episode.

import assert from 'node:assert/strict';
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium, firefox, openPage } from '../browser/browsers.mjs';
import { elementOf } from '../browser/fixture.mjs';
import { api, publish, serve } from '../firstframe.mjs';
import { findings, plays, said, summary } from './judge.mjs';
import { serveFilms } from './server.mjs';

/** After this the page is given up: page.js has shorter limits for each step. */
const WAY_MS_MAX = 120_000;
const LAUNCH = { Chromium: chromium, Firefox: firefox };
export const BROWSERS = /** @type {Array<keyof typeof LAUNCH>} */ (Object.keys(LAUNCH));
export const WAYS = ['episode', 'src'];

/** @typedef {{ name: string, file: string, what: string } & import('./judge.mjs').Truth} Film */

/**
 * What was found of a film in a browser.
 * @typedef {object} Row
 * @property {string} name
 * @property {string} browser
 * @property {string} native
 * @property {number} ms how long it took
 * @property {Record<string, { findings: string[], says: string, isByFile: boolean, state?: any }>} ways
 */

/** Publishes the films, and serves them as files beside. @param {Film[]} films */
export async function startTable(films) {
  const server = await serve(['--log', 'warn']);
  const folder = path.join(server.data, 'films');
  await mkdir(folder);
  /** @type {Map<string, string>} */
  const titles = new Map();
  for (const [at, { name, file }] of films.entries()) {
    // No number in it, which would make it an episode of another.
    const title = `play-${String.fromCharCode(97 + Math.floor(at / 26), 97 + (at % 26))}`;
    titles.set(name, title);
    await copyFile(file, path.join(folder, `${title}${path.extname(file)}`));
  }
  const { status, output } = await publish(server.data, folder);
  assert.equal(status, 0, output);
  const files = await serveFilms(server.url, new Map(films.map(({ name, file }) => [encodeURIComponent(name), file])));
  return {
    url: files.url,
    element: await elementOf(server.url),
    /** The episode of a film, or what `publish` says of it. @param {string} name */
    async published(name) {
      const title = titles.get(name);
      const episode = `${title}.1`;
      const isThere = await api(server.url, `/api/v2/stream/${episode}`).then(() => true, () => false);
      const line = output.split('\n').find((one) => one.includes(`${title}.`)) ?? '';
      return { episode: isThere ? episode : undefined, reason: line.replace(/^.*?play-\w\w\.\w+[: ]*/, '').trim() };
    },
    async stop() {
      await files.stop();
      await server.stop();
    },
  };
}

/** A browser with one page, each of which is replaced when it is lost. */
export class Screen {
  /** @param {keyof typeof LAUNCH} name */
  constructor(name) {
    this.name = name;
  }

  async #open() {
    if (!this.browser?.connected) this.browser = await LAUNCH[this.name]();
    this.page ??= (await openPage(this.browser, { width: 800, height: 600 })).page;
    return this.page;
  }

  /** Plays a film in one way. @param {URL} url @param {object} what @returns {Promise<any>} */
  async play(url, what) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('the page does not answer')), WAY_MS_MAX);
    });
    const steps = async () => {
      const page = await this.#open();
      await page.goto(new URL('/play/', url).href);
      await page.waitForFunction(() => globalThis.isReady);
      return page.evaluate((given) => globalThis.play(given), what);
    };
    try {
      return await Promise.race([steps(), late]);
    } catch (error) {
      await this.close();
      return { lost: `${error.message ?? error}`.split('\n')[0], hasStarted: false, seeks: [], events: [], state: {} };
    } finally {
      clearTimeout(timer);
    }
  }

  async close() {
    const { browser } = this;
    this.browser = this.page = undefined;
    if (!browser) return;
    const end = browser.close().catch(() => {});
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 10_000))]);
    browser.process()?.kill('SIGKILL');
  }
}

/**
 * Plays a film in all ways. One that is worse than native is played again, beside native again: what
 * is found twice counts.
 *
 * @param {Awaited<ReturnType<typeof startTable>>} table @param {Screen} screen @param {Film} film
 * @returns {Promise<Row>}
 */
export async function measure(table, screen, film) {
  const began = performance.now();
  const file = `/play/film/${encodeURIComponent(film.name)}`;
  const { element } = table;
  const native = await screen.play(table.url, { way: 'native', film: file, element, targets: null });
  const { episode, reason } = await table.published(film.name);
  /** @type {Row} */
  const row = { name: film.name, browser: screen.name, native: native.lost ?? summary(native), ms: 0, ways: {} };
  for (const [way, id] of /** @type {Array<[string, string | undefined]>} */ ([['src', file], ['episode', episode]])) {
    if (!id) {
      row.ways[way] = { findings: plays(native) ? [`not published: ${reason}`] : [], says: reason, isByFile: false };
      continue;
    }
    const once = (beside) => compare(table, screen, film, { way, film: id }, beside);
    const first = await once(native);
    row.ways[way] = first;
    if (!first.findings.length) continue;
    const again = await once(await screen.play(table.url, { way: 'native', film: file, element, targets: null }));
    if (again.findings.length < first.findings.length) row.ways[way] = again;
  }
  row.ms = Math.round(performance.now() - began);
  return row;
}

/**
 * @param {Awaited<ReturnType<typeof startTable>>} table @param {Screen} screen @param {Film} film
 * @param {{ way: string, film: string }} what @param {any} native
 */
async function compare(table, screen, film, what, native) {
  const isMeasured = plays(native) && native.duration !== null;
  const targets = isMeasured ? native.seeks.map(({ target }) => target - native.base) : null;
  const ours = await screen.play(table.url, { ...what, element: table.element, targets });
  const found = findings(native, ours, film);
  const seen = { findings: found, says: said(ours), isByFile: Boolean(ours.state?.isByFile) };
  return found.length ? { ...seen, state: { ...ours.state, events: ours.events } } : seen;
}
