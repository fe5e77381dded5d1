// Plays a film by its URL in a browser's own <video>, four times as fast, and prints how many
// milliseconds of it were played. The page is one of the film's own server: those of other sites may
// be forbidden to show it.
//
//   node video-element.mjs chromium|firefox URL

import { chromium, firefox, openPage } from '../browser/browsers.mjs';

const [name, url] = process.argv.slice(2);
const browser = await (name === 'firefox' ? firefox() : chromium());
try {
  const { page } = await openPage(browser);
  await page.goto(new URL('/', url).href);
  const milliseconds = await page.evaluate(async (film) => {
    const video = document.createElement('video');
    document.body.replaceChildren(video);
    const end = new Promise((resolve, reject) => {
      video.onended = resolve;
      video.onerror = () => reject(new Error(`${video.error?.code} ${video.error?.message}`));
    });
    video.muted = true;
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
}
