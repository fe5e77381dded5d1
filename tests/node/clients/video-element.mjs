// Plays a film by its URL in a browser's own <video> on a page of another server, four times as fast,
// and prints how many milliseconds of it were played.
//
//   node video-element.mjs chromium|firefox URL

import { once } from 'node:events';
import { createServer } from 'node:http';
import { chromium, firefox, openPage } from '../browser/browsers.mjs';

const [name, url] = process.argv.slice(2);
const pages = createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end('<!doctype html><title>A film</title><video muted></video>');
});
pages.listen(0, '127.0.0.1');
await once(pages, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (pages.address());
const browser = await (name === 'firefox' ? firefox() : chromium());
try {
  const { page } = await openPage(browser);
  await page.goto(`http://127.0.0.1:${port}/`);
  const milliseconds = await page.evaluate(async (film) => {
    const video = document.querySelector('video');
    if (!video) throw new Error('the page has no video');
    const end = new Promise((resolve, reject) => {
      video.onended = resolve;
      video.onerror = () => reject(new Error(`${video.error?.code} ${video.error?.message}`));
    });
    video.src = film;
    video.playbackRate = 4;
    await Promise.all([video.play(), end]);
    const { played, duration } = video;
    let sum = 0;
    for (let at = 0; at < played.length; at += 1) sum += played.end(at) - played.start(at);
    // The last time of `played` may lie a frame before the end.
    return Math.round(1000 * (duration - sum < 0.1 ? duration : sum));
  }, url);
  console.log(milliseconds);
} finally {
  await browser.close();
  pages.close();
}
