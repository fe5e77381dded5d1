// The suite's `fetch`: ingests the URL of a test as a film of a provider, and requests it by its signed
// media URL.

import { createHmac } from 'node:crypto';

import { contentRange, shrunk, stretched } from './provider.mjs';
import { KEPT_FIELDS } from './suite.mjs';

/** Longer than `firstframe serve` keeps an idle instance. */
const IDLE_MS = 2500;
/** Headers that the suite's origin adds to its responses and expects a cache to keep. */
const NOTED = ['server-request-count', 'request-numbers', 'server-now', 'server-base-url'];

/**
 * @typedef {import('./provider.mjs').File & {id: string, url: string, tag: string, etag: string}} Film
 * @param {{edge: URL, adminKey: string, mediaKey: string, suite: string, files: Map<string, any>, providers: string[]}} options
 */
export function suiteFetch({ edge, adminKey, mediaKey, suite, files, providers }) {
  let ingested = 0;
  const free = [...providers];
  /** @type {(value?: unknown) => void} */
  let open = () => {};
  const empty = new Promise((resolve) => (open = resolve));

  const admin = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {unknown} */ body) => {
    const answer = await fetch(new URL(path, edge), {
      method,
      headers: { authorization: `Bearer ${adminKey}` },
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text).data;
  };

  /** Ingests a film. When all are ingested, purges every block of them. */
  async function ingest(/** @type {string} */ name, /** @type {any[]} */ requests) {
    /** @type {Film} */
    const file = { ...described(name, requests), number: '1', known: false, requests, id: '', url: '', tag: '' };
    files.set(name, file);
    const { id } = await admin('POST', '/api/v2/admin/sources', { provider: free.pop(), file: name });
    Object.assign(file, { id, known: true, tag: `"${id}"`, url: signed(mediaKey, id) });
    if (++ingested === providers.length) {
      await admin('DELETE', '/api/v2/admin/startup', undefined);
      setTimeout(open, IDLE_MS);
    }
    return empty;
  }

  return async function (/** @type {string} */ target, /** @type {any} */ init = {}) {
    const [, kind, name] = target.split(/[/?]/);
    if (kind !== 'test') {
      if (kind === 'config') await ingest(name, JSON.parse(init.body));
      return fetch(suite + target, init);
    }
    const file = files.get(name);
    const headers = new Headers();
    for (const [name, value] of init.headers) headers.append(name, toFilmHeader(file, name, value));
    file.number = headers.get('req-num');
    const answer = await fetch(new URL(file.url, edge), { ...init, cache: undefined, redirect: 'manual', headers });
    return toSuiteResponse(file, answer, await noted(suite, name));
  };
}

/** The last response of the origin, as a cache would have stored it. @param {string} suite @param {string} name */
async function noted(suite, name) {
  const answer = await fetch(`${suite}/state/${name}`);
  const seen = answer.ok ? /** @type {any[]} */ (await answer.json()) : [];
  const numbers = seen.map((one) => one.request_num).join(' ');
  const values = [String(seen.at(-1)?.request_num ?? 0), numbers, String(Date.now()), `/test/${name}`];
  return NOTED.map((header, at) => /** @type {const} */ ([header, values[at]]));
}

/** The file that a test's answers are about. @param {string} name @param {any[]} requests */
function described(name, requests) {
  const header = (/** @type {any} */ one, /** @type {string} */ wanted) =>
    one.response_headers?.find((/** @type {any} */ [known]) => known.toLowerCase() === wanted)?.[1];
  const parts = requests.flatMap((one) => {
    const part = one.response_status?.[0] === 206 ? contentRange(header(one, 'content-range')) : undefined;
    return part ? [{ ...part, text: one.response_body }] : [];
  });
  const etag = header(requests[0], 'etag') ?? `"${name}"`;
  // The suite's origin has it on the wire in UTF-8.
  const wire = Buffer.from(etag, 'utf8').toString('latin1');
  const headers = /** @type {Array<[string, string]>} */ ([['etag', wire]]);
  for (const name of ['last-modified', ...KEPT_FIELDS]) {
    const value = header(requests[0], name);
    if (value) headers.push([name, value]);
  }
  if (!parts.length) return { content: requests[0].response_body ?? name, perBlock: 0, headers, etag };
  const content = Array(parts[0].total).fill('.');
  for (const { first, text } of parts) content.splice(first, text.length, ...text);
  const [{ first, last }] = parts;
  return { content: content.join('').slice(0, parts[0].total), perBlock: first || last + 1, headers, etag };
}

/** A request's header in the numbers and tags of the film. @param {Film} file @param {string} name @param {string} value */
function toFilmHeader(file, name, value) {
  if (/^range$/i.test(name)) {
    const [, first, last] = value.match(/^bytes=(\d*)-(\d*)$/) ?? [];
    const total = file.content.length;
    if (!first) return `bytes=-${stretched(file, total) - stretched(file, total - Number(last))}`;
    const end = last ? stretched(file, Number(last) + 1) - 1 : '';
    return `bytes=${stretched(file, Number(first))}-${end}`;
  }
  return /^if-(none-match|match|range)$/i.test(name) ? value.replaceAll(file.etag, file.tag) : value;
}

/** An answer in the suite's numbers and tags. @param {Film} file @param {Response} answer @param {Iterable<readonly [string, string]>} notes */
async function toSuiteResponse(file, answer, notes) {
  const headers = new Headers(answer.headers);
  for (const [name, value] of notes) headers.set(name, value);
  if (headers.get('etag') === file.tag) headers.set('etag', file.etag);
  const part = contentRange(headers.get('content-range'));
  const bytes = Buffer.from(await answer.arrayBuffer());
  const right = answer.status === 200 || answer.status === 206;
  let text = bytes.toString('latin1');
  if (right && part) {
    const [first, end] = [shrunk(file, part.first), shrunk(file, part.last + 1)];
    headers.set('content-range', `bytes ${first}-${end - 1}/${shrunk(file, part.total)}`);
    text = shrink(file, bytes, first, end);
  } else if (right && file.perBlock) {
    text = shrink(file, bytes, 0, shrunk(file, bytes.length));
  }
  return { status: answer.status, statusText: answer.statusText, headers, text: async () => text };
}

/** The suite's bytes in a part of the film, each of whose bytes is looked at. @param {Film} file @param {Buffer} bytes @param {number} first @param {number} end */
function shrink(file, bytes, first, end) {
  let text = '';
  for (let at = first; at < end; at += 1) {
    const [from, to] = [stretched(file, at), stretched(file, at + 1)].map((n) => n - stretched(file, first));
    const piece = bytes.subarray(from, to);
    if (piece.length !== to - from || piece.some((byte) => byte !== piece[0])) return 'bytes of another place';
    text += String.fromCharCode(piece[0]);
  }
  return text;
}

/** A media URL, signed as the edge signs it. @param {string} mediaKey `name:digits` @param {string} id */
function signed(mediaKey, id) {
  const [key, digits] = mediaKey.split(',')[0].split(':');
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const text = `firstframe 1\nmedia\n${id}\n${expires}\n${key}`;
  const signature = createHmac('sha256', Buffer.from(digits, 'hex')).update(text).digest('hex');
  return `/api/v2/media/${id}?e=${expires}&k=${key}&s=${signature}`;
}
