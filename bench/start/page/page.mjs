// The page: a player is made ready, then a click starts it, and the first frame stops the clock.

/**
 * What a subject's module exports. All it can load before the click is loaded then.
 * @typedef {object} Subject
 * @property {() => Promise<void>} [prepare]
 * @property {(film: Film) => void} [rest] the pointer is on what will be clicked
 * @property {(container: HTMLElement, film: Film, at: number) => Started} start
 *
 * @typedef {{ mp4: string, hls: string, dash: string, floor: string, episode: string, next: string }} Film
 * @typedef {{ video: HTMLVideoElement, next?: (film: Film) => void }} Started
 */

const container = /** @type {HTMLElement} */ (document.getElementById("container"));
/** @type {Subject} */
let subject;
/** @type {Started} */
let started;

/** @param {string} name */
export async function prepare(name) {
  subject = await import(`./${name}.mjs`);
  await subject.prepare?.();
}

/** @param {Film} film */
export const rest = (film) => subject.rest?.(film);

/** Connections as a page has them that has just been loaded. */
export const openConnections = () => Promise.all([1, 2].map((n) => fetch(`index.html?${n}`).then((r) => r.text())));

/**
 * @param {HTMLVideoElement} video @param {number} from in seconds @param {number} clickedMs
 * @returns {Promise<number>} when a frame at or behind `from` was shown, in ms after the click
 */
function firstFrame(video, from, clickedMs) {
  return new Promise((resolve, reject) => {
    const look = (now, { mediaTime }) => {
      if (mediaTime >= from) resolve(now - clickedMs);
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    video.addEventListener("error", () => reject(new Error(video.error?.message ?? "it failed")));
  });
}

/**
 * @param {Film} film @param {number} at where to begin, in seconds
 * @param {number} from the earliest frame that counts: the key frame at or before `at`
 */
export function start(film, at, from) {
  const clickedMs = performance.now();
  started = subject.start(container, film, at);
  const { video } = started;
  video.muted = true;
  video.autoplay = true;
  return firstFrame(video, from, clickedMs);
}

/** @param {number} at @param {number} from */
export function seek(at, from) {
  const clickedMs = performance.now();
  const shown = firstFrame(started.video, from, clickedMs);
  started.video.currentTime = at;
  return shown;
}

/** The next film in the same place, as a click on it does. @param {Film} film */
export function next(film) {
  const clickedMs = performance.now();
  if (!started.next) {
    started.video.removeAttribute("src");
    container.replaceChildren();
    return start(film, 0, 0);
  }
  // Frames of the film before are all later than this.
  const shown = new Promise((resolve) => {
    const look = (now, { mediaTime }) => {
      if (mediaTime < 10) resolve(now - clickedMs);
      else started.video.requestVideoFrameCallback(look);
    };
    started.video.requestVideoFrameCallback(look);
  });
  started.next(film);
  return shown;
}

/**
 * One film after the other, each to its end; how long each start after the first took.
 * @param {Film[]} films @param {number} rate
 */
export async function walk(films, rate) {
  const [first, ...others] = films;
  await start(first, 0, 0);
  const times = [];
  for (const film of others) {
    const { video } = started;
    video.playbackRate = rate;
    await new Promise((resolve) => video.addEventListener("ended", resolve, { once: true }));
    times.push(await next(film));
  }
  started.video.playbackRate = rate;
  await new Promise((resolve) => started.video.addEventListener("ended", resolve, { once: true }));
  return times;
}

/** An element in the container. */
export function put(container, name = "video") {
  const element = document.createElement(name);
  element.style.width = "100%";
  container.append(element);
  return element;
}

/** Appends one after the other. @param {SourceBuffer} buffer */
export function appender(buffer) {
  let last = Promise.resolve();
  return (bytes) => {
    last = last.then(() => {
      buffer.appendBuffer(bytes);
      return new Promise((resolve) => buffer.addEventListener("updateend", () => resolve(undefined), { once: true }));
    });
    return last;
  };
}

/** A classic script. @param {string} src */
export function script(src) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), { src });
    element.onload = resolve;
    element.onerror = reject;
    document.head.append(element);
  });
}

Object.assign(window, { bench: { prepare, rest, openConnections, start, seek, next, walk } });
