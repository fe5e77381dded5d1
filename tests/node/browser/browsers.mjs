// Real browsers, and everything that their pages complain of.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { root } from '../firstframe.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--autoplay-policy=no-user-gesture-required', '--mute-audio',
  // A tab that nobody looks at plays on.
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
];

/** Starts Debian's Chromium, or the one that CHROMIUM_BIN names. @param {string[]} flags */
export async function chromium(...flags) {
  const executablePath = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(`${executablePath} is absent: apt-get install chromium, or set CHROMIUM_BIN`);
  }
  return puppeteer.launch({ executablePath, headless: true, args: [...FLAGS, ...flags], protocolTimeout: 300_000 });
}

/** Starts Debian's Firefox, or the one that FIREFOX_BIN names; WebDriver BiDi drives it. */
export async function firefox() {
  const executablePath = process.env.FIREFOX_BIN ?? '/usr/bin/firefox-esr';
  if (!existsSync(executablePath)) {
    throw new Error(`${executablePath} is absent: apt-get install firefox-esr, or set FIREFOX_BIN`);
  }
  return puppeteer.launch({
    browser: 'firefox', executablePath, headless: true, protocolTimeout: 300_000,
    extraPrefsFirefox: { 'media.autoplay.default': 0, 'media.volume_scale': '0.0' },
  });
}

/**
 * A new page, with what it logs as errors.
 * @param {import('puppeteer-core').Browser} browser
 * @param {{ width?: number, height?: number, dark?: boolean }} [view]
 */
export async function openPage(browser, { width = 1280, height = 800, dark = undefined } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width, height });
  // Firefox has no such thing over BiDi.
  if (dark !== undefined) {
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' },
    ]);
  }
  /** @type {string[]} */
  const errors = [];
  /** @type {string[]} */
  const urls = [];
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) {
      errors.push(`${message.text()} (${message.location().url ?? ''})`);
    }
  });
  page.on('pageerror', (error) => errors.push(`${error}`));
  page.on('request', (request) => urls.push(request.url()));
  return { page, errors, urls };
}

/** @param {import('puppeteer-core').Page} page @param {string} name */
export async function screenshot(page, name) {
  const folder = path.join(root, 'target/screenshots');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
