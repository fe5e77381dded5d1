// The fixture of a test of the player: server, published films, proxy, browser.

import { film } from '../fixtures.mjs';
import { chromium, openPage } from './browsers.mjs';
import { api, folderOf, publish, serve } from '../firstframe.mjs';
import { proxy } from './proxy.mjs';

/** Films whose frames show their numbers, with the index at the head and at the tail. */
export const FILMS = ['index-first', 'index-last'];

/** Starts all of it. `stop` ends all of it. */
export async function startFixture() {
  /** @type {Array<() => Promise<unknown>>} */
  const ends = [];
  const stop = async () => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const server = await serve(['--cors-origins', '*']);
    ends.push(server.stop);
    /** @type {Record<string, string>} */
    const files = {};
    for (const name of FILMS) files[`${name}.mp4`] = await film(name);
    const published = await publish(server.data, await folderOf(server.data, files));
    if (published.status !== 0) throw new Error(`publish failed:\n${published.output}`);
    const between = await proxy(server.url);
    ends.push(between.stop);
    const browser = await chromium();
    ends.push(() => browser.close());
    return { server, between, browser, element: await elementOf(server.url), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Address of the player's element: the page preloads it. @param {URL} url */
export async function elementOf(url) {
  const html = await (await fetch(url)).text();
  const found = html.match(/\/assets\/element\.[0-9a-f]+\.js/)?.[0];
  if (!found) throw new Error('the page names no element.<hash>.js: is target/web built?');
  return found;
}

/** The id of the only episode of a film's title. @param {URL} url @param {string} name */
export async function episodeOf(url, name) {
  const { items } = await api(url, `/api/v2/catalog/${name}/episodes`);
  if (items.length !== 1) throw new Error(`${name} has ${items.length} episodes`);
  return items[0].id;
}

/** Path of an episode's film. @param {URL} url @param {string} episode */
export async function urlOf(url, episode) {
  return (await api(url, `/api/v2/stream/${episode}`)).preferredStream.url;
}

/** Path of the only film of a title. @param {URL} url @param {string} name */
export async function fileOf(url, name) {
  return urlOf(url, await episodeOf(url, name));
}

/**
 * A page with a player on it.
 * @param {{ between: { url: URL }, browser: import('puppeteer-core').Browser, element: string }} on
 * @param {Record<string, string>} [attributes] without any, no player is on it yet
 */
export async function openPlayer({ between, browser, element }, attributes) {
  const opened = await openPage(browser, { width: 800, height: 600 });
  const { page } = opened;
  await page.goto(new URL(`/harness/?element=${element}`, between.url).href);
  await page.waitForFunction(() => globalThis.isReady);
  if (attributes) await page.evaluate((given) => globalThis.harness.open(given), attributes);
  return { ...opened, close: () => page.browserContext().close() };
}

/**
 * Waits until the player has played to a time. Where it does not, the error has the player's state.
 * @param {import('puppeteer-core').Page} page
 * @param {number} time
 * @param {number} [timeout]
 */
export async function playedTo(page, time, timeout = 60_000) {
  try {
    await page.waitForFunction(
      (to) => globalThis.harness.player.currentTime >= to || globalThis.harness.player.ended,
      { timeout, polling: 50 },
      time,
    );
  } catch (cause) {
    const state = await page.evaluate(() => globalThis.harness.state());
    throw new Error(`the player did not play to ${time} s: ${JSON.stringify(state)}`, { cause });
  }
}
