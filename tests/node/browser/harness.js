// In the browser: the player of a test, its events, and the number in every frame that it shows.

import { COLUMNS, ROWS, readNumber } from './frames.js';

const EVENTS = [
  'loadstart', 'durationchange', 'loadedmetadata', 'loadeddata', 'canplay', 'canplaythrough',
  'play', 'playing', 'pause', 'seeking', 'seeked', 'waiting', 'ended', 'emptied', 'error',
  'firstframe-error', 'firstframe-waiting', 'firstframe-notice',
];
/** Points of the canvas for a square of the picture. */
const SCALE = 4;
/** On a loaded machine of two cores. */
const SEEK_MS_MAX = 30_000;

const canvas = document.createElement('canvas');
canvas.width = COLUMNS * SCALE;
canvas.height = ROWS * SCALE;
const context = canvas.getContext('2d', { willReadFrequently: true });

/** @param {HTMLVideoElement | VideoFrame} picture */
function read(picture) {
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const luma = [];
  for (let row = 0; row < ROWS; row += 1) {
    for (let column = 0; column < COLUMNS; column += 1) {
      const at = ((row * SCALE + SCALE / 2) * canvas.width + column * SCALE + SCALE / 2) * 4;
      luma.push(data[at + 1]);
    }
  }
  return readNumber(luma);
}

/**
 * Time and number of the picture on the screen. In Chromium a `VideoFrame` has both of one picture: a
 * callback that comes late, on a busy machine, has a time that is not that of the picture. Firefox gives
 * such frames the time of playback.
 * @param {HTMLVideoElement} video @param {number} mediaTime in seconds, of the callback
 * @returns {[number, number | null]}
 */
function timeAndNumber(video, mediaTime) {
  if (navigator.userAgent.includes('Firefox')) return [mediaTime, read(video) ?? null];
  const frame = new VideoFrame(video);
  try {
    return [frame.timestamp / 1e6, read(frame) ?? null];
  } finally {
    frame.close();
  }
}

globalThis.harness = {
  player: undefined,
  events: [],
  /** `[time of the picture, number in it]` */
  pictures: [],

  /** The element's class. From the first call on, a worker waits for a film. */
  async load() {
    const isThere = customElements.get('firstframe-video');
    const { FirstframeVideo } = await import(new URL(location.href).searchParams.get('element'));
    if (!isThere) FirstframeVideo.prepare();
    return FirstframeVideo;
  },

  /** Opens a player with these attributes. */
  async open(attributes) {
    await this.load();
    this.player?.remove();
    const player = document.createElement('firstframe-video');
    for (const type of EVENTS) {
      player.addEventListener(type, (event) =>
        this.events.push({ type, time: player.currentTime, detail: event.detail ?? null }));
    }
    for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
    player.style.cssText = 'width: 640px; height: 360px';
    document.body.replaceChildren(player);
    this.player = player;
    const onPicture = (_now, { mediaTime }) => {
      if (this.pictures.length < 10_000) this.pictures.push(timeAndNumber(player.video, mediaTime));
      player.video.requestVideoFrameCallback(onPicture);
    };
    player.video.requestVideoFrameCallback(onPicture);
  },

  /** Seeks, and reads the picture that is there when it is done. */
  async seek(time) {
    const { player } = this;
    const seeked = new Promise((resolve) => player.addEventListener('seeked', resolve, { once: true }));
    const shown = new Promise((resolve) => player.video.requestVideoFrameCallback(resolve));
    const tooLate = new Promise((resolve) => setTimeout(resolve, SEEK_MS_MAX, 'too late'));
    player.currentTime = time;
    if ((await Promise.race([seeked, tooLate])) === 'too late') {
      throw new Error(`a seek to ${time} is not done: ${JSON.stringify(await this.state())}`);
    }
    // A seek within the picture that is on the screen shows no other.
    await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 1000))]);
    // The picture is on the screen after the frame that announced it.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return { number: read(player.video), currentTime: player.currentTime };
  },

  /** The state of the player, for error messages. */
  async state() {
    const { player, events, pictures } = this;
    const none = new Promise((resolve) => setTimeout(resolve, 2000, 'no answer'));
    return {
      currentTime: player.currentTime, seeking: player.seeking, readyState: player.readyState,
      paused: player.paused, ranges: this.ranges(), events: events.slice(-20),
      lastPicture: pictures.at(-1), stats: await Promise.race([player.stats(), none]),
    };
  },

  ranges() {
    const { buffered } = this.player;
    return Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
  },
};
globalThis.isReady = true;
