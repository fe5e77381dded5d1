// In the browser: appends the starts of films to SourceBuffers, without a player.

/** The boxes of a start; docs/formats.md has the form. @param {Uint8Array} bytes */
function boxesOf(bytes) {
  const boxes = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0, size = 0; at < bytes.length; at += size) {
    size = view.getUint32(at);
    const content = bytes.subarray(at + 8, at + size);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const numbers = new DataView(content.buffer, content.byteOffset, content.byteLength);
    boxes.push({ type, content, number: (at) => numbers.getUint32(4 * at) });
  }
  return boxes;
}

/** What is to be appended for each track: its initialization segment, and its fragments of the first range. */
function appendsOf(boxes) {
  const of = (type) => boxes.filter((box) => box.type === type);
  const media = of('byte')[0]?.content;
  const ranges = boxes.map((box, at) => (box.type === 'rang' ? at : -1)).filter((at) => at >= 0);
  const fragments = boxes.slice(ranges[0], ranges[1]).filter((box) => box.type === 'frag');
  return of('init').map((init) => {
    const isMine = (box) => box.number(0) === init.number(0);
    const mime = new TextDecoder().decode(of('trak').find(isMine).content.subarray(24));
    const parts = [init.content.subarray(4)];
    for (const fragment of fragments.filter(isMine)) {
      const runs = Array.from({ length: fragment.number(3) }, (_, at) =>
        [fragment.number(4 + 2 * at), fragment.number(5 + 2 * at)]);
      parts.push(fragment.content.subarray(16 + 8 * runs.length));
      if (!runs.length) parts.push(media);
      for (const [at, size] of runs) parts.push(media.subarray(at, at + size));
    }
    return { mime, parts };
  });
}

/** Appends all of it; the answer is what went wrong. */
async function append(appends) {
  const video = document.createElement('video');
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((resolve) => source.addEventListener('sourceopen', resolve, { once: true }));
  const buffers = appends.map(({ mime }) => source.addSourceBuffer(mime));
  for (const [at, { mime, parts }] of appends.entries()) {
    for (const part of parts) {
      const failed = new Promise((resolve) => {
        buffers[at].onerror = () => resolve(`${mime}: ${video.error?.message ?? 'refused'}`);
        buffers[at].onupdateend = () => resolve(undefined);
      });
      buffers[at].appendBuffer(part);
      const why = await failed;
      if (why) return why;
    }
    if (parts.length > 1 && !buffers[at].buffered.length) return `${mime}: nothing is buffered`;
  }
}

/** Opens a film in a player; the answer is its fault. @param {string} src */
function open(src) {
  const player = document.createElement('firstframe-video');
  const outcome = new Promise((resolve) => {
    player.addEventListener('loadeddata', () => resolve(undefined));
    for (const type of ['firstframe-error', 'firstframe-notice']) {
      // A track that no browser plays is left out.
      player.addEventListener(type, ({ detail }) =>
        detail.code !== 'missing_track' && resolve(JSON.stringify(detail)));
    }
    const poll = setInterval(async () => {
      if (!(await player.stats()).bytesAppended) return;
      clearInterval(poll);
      // Some show no frame until they play: of them, no error comes.
      setTimeout(resolve, 2000);
    }, 100);
  });
  for (const [name, value] of Object.entries({ src, muted: '', preload: 'auto' })) player.setAttribute(name, value);
  document.body.append(player);
  return outcome.finally(() => player.remove());
}

/**
 * Appends the beginning of each film whose codecs this browser has; which of them failed, and which
 * there were. A fragmented film has no start, and a player opens it.
 * @param {Array<{ name: string, episode: string, url: string, codec: string }>} films @param {number} atOnce
 */
export async function appendAll(films, atOnce) {
  await globalThis.harness.load();
  const supported = films.filter(({ codec }) => codec.split(', ').every((one) =>
    MediaSource.isTypeSupported(`video/mp4; codecs="${one}"`)));
  const waiting = [...supported];
  /** @type {string[]} */
  const failed = [];
  const worker = async () => {
    for (let film = waiting.shift(); film; film = waiting.shift()) {
      const response = await fetch(`/api/v2/stream/${film.episode}/start?at=0`);
      const appends = appendsOf(boxesOf(new Uint8Array(await response.arrayBuffer())));
      const why = await (appends.length ? append(appends) : open(film.url));
      if (why) failed.push(`${film.name}: ${why}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { failed, names: supported.map(({ name }) => name) };
}
