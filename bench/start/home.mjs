// The case `home`: the first and the largest paint of the library's first view, beside a page that has the
// same pictures in its document.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Titles with pictures, and seconds of the clip between those. */
export const TITLES = Array.from({ length: 12 }, (_, i) => ({ name: `home-${i + 1}`, film: `season-${i + 1}` }));
const APART_SECONDS = 2;
/** A page that paints nothing for so long has painted what it has. */
const QUIET_MS = 1500;

/** @param {string} library @param {string} clip */
export async function makePictures(library, clip) {
  for (const [i, { name }] of TITLES.entries()) {
    const out = path.join(library, `${name}.jpg`);
    if (existsSync(out)) continue;
    await run("ffmpeg", ["-v", "error", "-y", "-ss", `${i * APART_SECONDS}`, "-i", clip, "-frames:v", "1", "-q:v", "4", out]);
  }
}

/** A page without scripts that shows what the first view shows. @param {URL} edge */
export async function staticHome(edge) {
  const { data } = /** @type {any} */ (await (await fetch(new URL("/api/v2/home", edge))).json());
  const [hero] = data.featured;
  const cards = [...new Map([...data.ongoing, ...data.recent].map((card) => [card.id, card])).values()];
  const items = cards.map(({ title, coverImage }, i) =>
    `<li><img src="${coverImage}" alt=""${i < 4 ? "" : ' loading="lazy"'}><p>${title}</p></li>`);
  const style = "body{margin:0 4rem;font:1rem/1.5 system-ui}img{width:100%;aspect-ratio:16/9;object-fit:cover}"
    + "main>img{width:55%}ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem;padding:0;list-style:none}";
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Films</title><style>${style}</style>
<main><h1>Firstframe</h1><img src="${hero.coverImage}" alt=""><h2>${hero.title}</h2><ul>${items.join("")}</ul></main>`;
  return { html, headers: {} };
}

/** @param {number} quietMs */
function paintsOf(quietMs) {
  return new Promise((resolve) => {
    let [first, largest, changedAt] = [0, 0, performance.now()];
    new PerformanceObserver((list) => {
      for (const { name, startTime, entryType } of list.getEntries()) {
        if (name === "first-contentful-paint") first = startTime;
        if (entryType === "largest-contentful-paint") largest = startTime;
      }
      changedAt = performance.now();
    }).observe({ type: "largest-contentful-paint", buffered: true });
    new PerformanceObserver((list) => {
      first = list.getEntriesByName("first-contentful-paint")[0]?.startTime ?? first;
    }).observe({ type: "paint", buffered: true });
    const look = () => (first && performance.now() - changedAt > quietMs
      ? resolve({ first_paint_ms: first, largest_paint_ms: largest })
      : setTimeout(look, 100));
    look();
  });
}

/** @param {import("puppeteer-core").Page} page a new one @param {string} url */
export async function openHome(page, url) {
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(url, { waitUntil: "load" });
  return page.evaluate(paintsOf, QUIET_MS);
}
