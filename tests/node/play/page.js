// In the browser: plays a film in one way, and measures what a person sees and hears of it.

/** Parts of the film at which it is measured. */
const PARTS = [0.23, 0.61, 0.83];
/** How long a film may take to its first picture, or to go on after a seek. */
const STEP_MS_MAX = 12_000;
/** Seconds that it plays before it counts as moving: the spectrum's window is shorter. */
const MOVE_SECONDS = 0.35;
const COLUMNS = 32;
const ROWS = 18;
/** Samples of the spectrum's window: 171 ms, 6 Hz a bin. */
const WINDOW = 8192;
const SOUND_HZ = 48_000;

const SILENCE = { hz: 0, db: -200 };
/** How long a recorder may take to end. */
const RECORDER_MS_MAX = 2000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const round = (number, digits = 3) => (Number.isFinite(number) ? Number(number.toFixed(digits)) : null);

/**
 * The sound that an element plays. It is recorded from the element's stream and analysed afterwards: an
 * `AudioContext` that plays would need a sound card.
 */
class Ear {
  /** @param {any} video */
  constructor(video) {
    this.stream = video.captureStream?.() ?? video.mozCaptureStream();
  }

  /** Begins to record; the answer ends it, and says what was heard. */
  listen() {
    const tracks = this.stream.getAudioTracks().filter(({ readyState }) => readyState === 'live');
    if (!tracks.length) return async () => SILENCE;
    const recorder = new MediaRecorder(new MediaStream(tracks));
    /** @type {Blob[]} */
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const end = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    return async () => {
      if (recorder.state !== 'inactive') recorder.stop();
      await Promise.race([end, sleep(RECORDER_MS_MAX)]);
      return loudest(await new Blob(parts).arrayBuffer());
    };
  }
}

/** The loudest frequency of recorded sound, and how loud it is in dB. @param {ArrayBuffer} recorded */
async function loudest(recorded) {
  const context = new OfflineAudioContext(1, WINDOW, SOUND_HZ);
  const decoded = await context.decodeAudioData(recorded).catch(() => undefined);
  if (!decoded) return SILENCE;
  const source = new AudioBufferSourceNode(context, { buffer: decoded });
  const analyser = new AnalyserNode(context, { fftSize: WINDOW, smoothingTimeConstant: 0 });
  source.connect(analyser).connect(context.destination);
  source.start(0, Math.max(0, decoded.duration - WINDOW / SOUND_HZ));
  await context.startRendering();
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const best = levels.indexOf(Math.max(...levels.subarray(2)));
  return best < 0 ? SILENCE : { hz: Math.round(best * SOUND_HZ / WINDOW), db: Math.max(SILENCE.db, Math.round(levels[best])) };
}

/** Colours of the picture that is on the screen, three numbers for each of its parts. */
function look(video) {
  const canvas = new OffscreenCanvas(COLUMNS, ROWS);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!video.videoWidth) return null;
  context.drawImage(video, 0, 0, COLUMNS, ROWS);
  const { data } = context.getImageData(0, 0, COLUMNS, ROWS);
  return Array.from(data).filter((_, at) => at % 4 < 3);
}

/** A film that plays in one way, with what happens to it. */
class Playback {
  /** @param {"native" | "src" | "episode"} way @param {string} film URL or id */
  constructor(way, film) {
    this.events = [];
    this.element = document.createElement(way === 'native' ? 'video' : 'firstframe-video');
    this.video = this.element.video ?? this.element;
    this.element.style.cssText = 'display: block; width: 640px; height: 360px';
    for (const type of ['error', 'ended', 'firstframe-error', 'firstframe-waiting', 'firstframe-notice']) {
      this.element.addEventListener(type, ({ detail }) => this.events.push({ type, ...detail }));
    }
    this.element.preload = 'auto';
    document.body.replaceChildren(this.element);
    this.shownAt = null;
    this.video.requestVideoFrameCallback(this.#onPicture);
    if (way === 'native') this.video.src = film;
    else this.element.setAttribute(way, film);
  }

  #onPicture = (_now, { mediaTime }) => {
    this.shownAt = mediaTime;
    this.video.requestVideoFrameCallback(this.#onPicture);
  };

  /** Whether it has ended with an error. */
  get hasFailed() {
    return this.events.some(({ type }) => type === 'firstframe-error' || type === 'error');
  }

  /** Waits until something holds; the answer is whether it does in time, and before an error. */
  async until(holds) {
    const late = performance.now() + STEP_MS_MAX;
    while (!holds()) {
      if (this.hasFailed || performance.now() > late) return false;
      await sleep(15);
    }
    return true;
  }

  /** Plays until it moves on. */
  async moves() {
    const { element } = this;
    const from = element.currentTime;
    element.play().catch(() => {});
    // A stream of its own: that of another source may have no sound.
    const heard = new Ear(this.video).listen();
    const left = element.duration - from;
    const enough = from + Math.min(MOVE_SECONDS, left > 0 ? left / 2 : MOVE_SECONDS);
    const hasMoved = await this.until(() => element.ended || element.currentTime >= enough);
    return { hasMoved, movedTo: round(element.currentTime), sound: await heard() };
  }

  /** Waits until the picture of a paused film is on the screen, and reads it. */
  async picture() {
    await new Promise((resolve) => {
      this.video.requestVideoFrameCallback(resolve);
      setTimeout(resolve, 120);
    });
    await sleep(30);
    return { picture: look(this.video), shownAt: round(this.shownAt) };
  }

  /** Seeks while it is paused, and plays on from there. */
  async seek(target) {
    const { element } = this;
    element.pause();
    let isDone = false;
    element.addEventListener('seeked', () => (isDone = true), { once: true });
    element.currentTime = target;
    const isSeeked = await this.until(() => isDone && !element.seeking && element.readyState >= 2);
    if (!isSeeked) return { target, isSeeked, movedTo: round(element.currentTime) };
    return { target, isSeeked, at: round(element.currentTime), ...await this.picture(), ...await this.moves() };
  }

  /** Where a person would look for the reason. */
  state() {
    const { buffered, readyState, currentTime, currentSrc } = this.video;
    const ranges = Array.from({ length: buffered.length }, (_, at) => [round(buffered.start(at)), round(buffered.end(at))]);
    return { readyState, currentTime: round(currentTime), ranges: ranges.slice(0, 8), isByFile: /^http/.test(currentSrc) };
  }
}

/**
 * Plays a film in one way.
 *
 * @param {{ way: "native" | "src" | "episode", film: string, element: string,
 *   targets: number[] | null }} what `targets` of seeks, in seconds from the film's beginning
 */
async function play({ way, film, element, targets }) {
  if (way !== 'native') await import(element);
  const began = performance.now();
  const playback = new Playback(way, film);
  const { element: player } = playback;
  const seen = { way, base: 0, seeks: [], duration: null, hasStarted: await playback.until(() => player.readyState >= 2) };
  seen.startMs = Math.round(performance.now() - began);
  if (seen.hasStarted) {
    // A timeline may begin at another time than 0.
    seen.base = round(player.seekable.length && player.currentTime > 1 ? player.currentTime : 0);
    seen.hasPictures = player.videoWidth > 0;
    seen.first = await playback.picture();
    seen.start = await playback.moves();
    seen.duration = round(player.duration - seen.base);
    const own = PARTS.map((part) => round(part * seen.duration));
    for (const target of targets ?? own) {
      if (playback.hasFailed || (seen.seeks.at(-1)?.isSeeked ?? true) === false) break;
      seen.seeks.push(await playback.seek(seen.base + target));
    }
  }
  // A browser's own element may learn the length as it reads.
  seen.lengthAtEnd = round(player.duration - seen.base);
  return { ...seen, hasFailed: playback.hasFailed, events: playback.events.slice(0, 30), state: playback.state(), media: playback.video.error?.message };
}

globalThis.play = play;
globalThis.isReady = true;
