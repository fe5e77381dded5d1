// The cases `link-…` and `embed-…`: a link to a film is opened by somebody who was never here, or a page that
// has the film in a frame, and the first frame stops the clock. Each subject is a document of its own; ours
// is the page of an episode, or its player for frames.

/** Subjects of these cases. */
export const LINK_SUBJECTS = ["firstframe", "link-floor", "native", "hls.js", "shaka"];

/** As little as can be: the bytes that a first frame needs are on their way before the document is parsed. */
const FLOOR = `
const video = document.querySelector("video");
const source = new MediaSource();
video.src = URL.createObjectURL(source);
const answer = fetch(FILM);
source.addEventListener("sourceopen", async () => {
  const buffer = source.addSourceBuffer(TYPE);
  const reader = (await answer).body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    buffer.appendBuffer(piece.value);
    await new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
    if (AT && buffer.buffered.length && !video.currentTime) video.currentTime = buffer.buffered.start(0);
  }
});`;

/** What stands behind the video element, by subject. */
const BODIES = {
  "link-floor": ({ floor, codecs }, at) => `<script>${FLOOR.replace("FILM", JSON.stringify(floor))
    .replace("TYPE", JSON.stringify(codecs.replace(/,[^"]*/, ""))).replace("AT", `${at}`)}</script>`,
  native: () => "",
  "hls.js": ({ hls }, at) => `<script type="module">
import Hls from "/modules/hls.js/dist/hls.mjs";
const hls = new Hls({ startPosition: ${at || -1} });
hls.loadSource(${JSON.stringify(hls)});
hls.attachMedia(document.querySelector("video"));</script>`,
  shaka: ({ dash }, at) => `<script src="/modules/shaka-player/dist/shaka-player.compiled.js"></script><script>
const player = new shaka.Player();
player.attach(document.querySelector("video")).then(() => player.load(${JSON.stringify(dash)}, ${at || null}));</script>`,
};

/**
 * The document of a subject, and its header fields.
 * @param {string} subject @param {{ mp4: string, floor: string, hls: string, dash: string, codecs: string }} film
 * @param {number} at
 */
export function coldDocument(subject, film, at) {
  const src = subject === "native" ? ` src="${film.mp4}${at ? `#t=${at}` : ""}"` : "";
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Film</title>
<video muted autoplay playsinline style="width:100%"${src}></video>${BODIES[subject](film, at)}`;
  const preload = { link: `<${film.floor}>; rel=preload; as=fetch; crossorigin` };
  return { html, headers: subject === "link-floor" ? preload : {} };
}

/** Stops the clock, in a page that is about to load. @param {number} from the earliest frame that counts, in seconds */
function watchFirstFrame(from) {
  // The page around a frame has no film.
  if (location.pathname === "/site") return;
  globalThis.firstFrame = new Promise((resolve, reject) => {
    const find = () => {
      const video = document.querySelector("video")
        ?? document.querySelector("firstframe-video")?.shadowRoot?.querySelector("video");
      if (!video) return setTimeout(find, 4);
      const look = (now, { mediaTime }) => {
        if (mediaTime >= from) resolve(now);
        else video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
      video.addEventListener("error", () => reject(new Error(video.error?.message ?? "it failed")));
    };
    find();
  });
}

/** The device has left an episode there. @param {{ episode: string, at: number, duration: number }} left */
function leaveAt({ episode, at, duration }) {
  const place = { episodeId: episode, catalogId: "bench", position: at, duration, at: 1, title: "", detail: "", coverImage: "" };
  localStorage.setItem("firstframe.places", JSON.stringify([place]));
}

/** A page of a site with a film in a frame. @param {string} target */
export function siteDocument(target) {
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Site</title>
<iframe src="${target}" width="1280" height="720" allow="autoplay" frameborder="0"></iframe>`;
  return { html, headers: {} };
}

/**
 * From the navigation to the first frame, in milliseconds.
 * @param {import("puppeteer-core").Page} page a new one @param {string} url
 * @param {{ episode: string, at: number, duration: number, from: number }} what
 */
export async function openLink(page, url, { episode, at, duration, from }) {
  if (at) await page.evaluateOnNewDocument(leaveAt, { episode, at, duration });
  await page.evaluateOnNewDocument(watchFirstFrame, from);
  await page.goto(url, { waitUntil: "domcontentloaded" });
  const isEmbedded = new URL(url).pathname === "/site";
  const frame = isEmbedded ? await page.waitForFrame((one) => one.parentFrame() !== null && one.url().startsWith("http")) : page;
  const begun = await page.evaluate(() => performance.timeOrigin);
  return (await frame.evaluate(async () => performance.timeOrigin + await globalThis.firstFrame)) - begun;
}
