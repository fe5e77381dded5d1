// The provider of `firstframe serve`: it answers the ingest of a film itself, and forwards every other
// request to the suite's own origin, whose log the suite reads.

import { createServer } from 'node:http';

/** Bytes of a startup block: the least that the edge keeps. */
export const BLOCK_BYTES = 512 * 1024;

/**
 * A test's file. The suite's bytes are stretched where it is about stored parts, so that a block
 * ends where the first part that it stores does; a block is the least that the edge keeps.
 *
 * @typedef {object} File
 * @property {string} content The suite's bytes; a dot is one that no answer of the test tells.
 * @property {number} perBlock How many of them fill a block; 0 where they are not stretched.
 * @property {Array<[string, string]>} headers What an answer says of the file's state.
 * @property {boolean} known Whether the edge has ingested it.
 * @property {string} number Of the client's request that is under way.
 * @property {Array<{request_headers?: Array<[string, string]>, expected_request_headers?: Array<[string, string]>}>} requests
 */

/** Where a byte of the suite begins in the film. @param {File} file @param {number} at */
export const stretched = ({ perBlock }, at) =>
  perBlock ? Math.floor((at * BLOCK_BYTES) / perBlock) : at;

/** Which byte of the suite begins here. @param {File} file @param {number} at */
export function shrunk(file, at) {
  const found = file.perBlock ? Math.round((at * file.perBlock) / BLOCK_BYTES) : at;
  if (stretched(file, found) !== at) throw new Error(`no byte of the suite begins at ${at}`);
  return found;
}

/** The bytes of the film for some of the suite's. @param {File} file @param {string} text @param {number} at */
export function film(file, text, at) {
  if (!file.perBlock) return Buffer.from(text, 'latin1');
  const parts = [...text].map((character, n) => {
    const length = stretched(file, at + n + 1) - stretched(file, at + n);
    return Buffer.alloc(length, character, 'latin1');
  });
  return Buffer.concat(parts);
}

/** `bytes 0-9/100`. @param {string | null | undefined} header */
export function contentRange(header) {
  const found = header?.match(/^bytes (\d+)-(\d+)\/(\d+)$/);
  if (!found) return undefined;
  const [first, last, total] = found.slice(1).map(Number);
  return { first, last, total };
}

/**
 * @param {Map<string, File>} files By their names.
 * @param {string} suite The suite's origin.
 * @returns {Promise<string>} Its origin.
 */
export async function start(files, suite) {
  const server = createServer((request, response) => {
    answer(files, suite, request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}`;
}

/**
 * @param {Map<string, File>} files @param {string} suite
 * @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response
 */
async function answer(files, suite, request, response) {
  const name = request.url?.split('/').pop() ?? '';
  const file = files.get(name);
  if (!file) return void response.writeHead(404).end();
  if (!file.known) return ingest(file, request, response);
  const { host: _host, connection: _connection, range, ...headers } = request.headers;
  const requested = range && suiteRange(file, range);
  const sent = await fetch(`${suite}/test/${name}`, {
    headers: { ...headers, 'req-num': file.number, ...(requested && { range: requested }) },
    redirect: 'manual',
  });
  const text = await sent.text();
  const part = contentRange(sent.headers.get('content-range'));
  for (const [name, value] of [...file.headers, ...sent.headers]) {
    if (!['connection', 'content-length', 'keep-alive', 'transfer-encoding'].includes(name)) {
      response.setHeader(name, value);
    }
  }
  if (part) response.setHeader('content-range', filmRange(file, part));
  const body = film(file, text, part?.first ?? 0);
  response.writeHead(sent.status, { 'content-length': body.length }).end(body);
}

/** @param {File} file @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
function ingest(file, { headers }, response) {
  const all = film(file, file.content, 0);
  const [, first, last] = headers.range?.match(/^bytes=(\d+)-(\d+)$/)?.map(Number) ?? [];
  const end = Math.min(last + 1, all.length);
  for (const [name, value] of file.headers) response.setHeader(name, value);
  response.setHeader('content-range', `bytes ${first}-${end - 1}/${all.length}`);
  response.writeHead(206, { 'content-length': end - first }).end(all.subarray(first, end));
}

/** @param {File} file @param {{first: number, last: number, total: number}} part */
function filmRange(file, { first, last, total }) {
  return `bytes ${stretched(file, first)}-${stretched(file, last + 1) - 1}/${stretched(file, total)}`;
}

/**
 * A closed range of the film in the suite's numbers, spelled as the suite spells it where that names
 * the same bytes: the edge knows a film's size, and requests first and last byte only.
 *
 * @param {File} file @param {string} header
 */
function suiteRange(file, header) {
  const [, first, last] = header.match(/^bytes=(\d+)-(\d+)$/)?.map(Number) ?? [];
  const [start, end] = [shrunk(file, first), shrunk(file, last + 1)];
  const total = file.content.length;
  const same = [`bytes=${start}-${end - 1}`];
  if (end === total) same.push(`bytes=${start}-`, `bytes=-${end - start}`);
  const { request_headers, expected_request_headers } = file.requests[Number(file.number) - 1];
  const spelled = [...(expected_request_headers ?? []), ...(request_headers ?? [])];
  return spelled.find(([name, value]) => /^range$/i.test(name) && same.includes(value))?.[1] ?? same[0];
}
