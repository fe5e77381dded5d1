// What stands between browser and server: it sees every request, is slow on demand, and can be cut.

import { createServer, request as send } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Files of the bare page on which a test puts a player of its own. @type {Record<string, string>} */
const HARNESS = {
  '/harness/': 'harness.html',
  '/harness/harness.js': 'harness.js',
  '/harness/append.js': 'append.js',
  '/harness/frames.js': '../frames.mjs',
};

/**
 * @typedef {object} Seen
 * @property {string} method
 * @property {string} path
 * @property {string | undefined} range
 * @property {number} at when it came, in ms of this process
 * @property {number | undefined} answeredAt when its answer began
 * @property {number | undefined} endedAt when the answer was over
 * @property {number | undefined} status
 * @property {number} bytes of the body that the browser was given
 */

/** @param {URL} upstream */
export async function proxy(upstream) {
  /** @type {Seen[]} */
  const seen = [];
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  const state = { isCut: false, bytesPerSecond: Infinity, latencyMs: 0 };

  const server = createServer(async (request, response) => {
    const file = HARNESS[new URL(request.url ?? '/', upstream).pathname];
    if (file) {
      const type = file.endsWith('.html') ? 'text/html' : 'text/javascript';
      response.writeHead(200, { 'content-type': type }).end(await readFile(path.join(here, file)));
      return;
    }
    /** @type {Seen} */
    const entry = {
      method: request.method ?? '',
      path: request.url ?? '',
      range: request.headers.range,
      at: performance.now(),
      answeredAt: undefined,
      endedAt: undefined,
      status: undefined,
      bytes: 0,
    };
    seen.push(entry);
    response.once('close', () => (entry.endedAt = performance.now()));
    forward(upstream, request, response, entry, state);
  });
  server.on('connection', (socket) => {
    if (state.isCut) return socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    seen,
    /** Requests for films. */
    media: () => seen.filter((one) => one.path.startsWith('/api/v2/media/')),
    /** Ends every connection and takes no other. */
    cut() {
      state.isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    restore: () => (state.isCut = false),
    /** @param {number} bytesPerSecond of each answer */
    slow: (bytesPerSecond) => (state.bytesPerSecond = bytesPerSecond),
    /** @param {number} latencyMs before each answer begins */
    far: (latencyMs) => (state.latencyMs = latencyMs),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * @param {URL} upstream
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Seen} entry
 * @param {{ bytesPerSecond: number, latencyMs: number }} state
 */
function forward(upstream, request, response, entry, state) {
  const { hostname, port } = upstream;
  const { method, url, headers } = request;
  const onward = send({ hostname, port, method, path: url, headers }, async (answer) => {
    await new Promise((resolve) => setTimeout(resolve, state.latencyMs));
    entry.status = answer.statusCode;
    entry.answeredAt = performance.now();
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    try {
      for await (const chunk of answer) {
        for (const piece of pieces(chunk, state.bytesPerSecond)) {
          if (Number.isFinite(state.bytesPerSecond)) {
            await new Promise((resolve) =>
              setTimeout(resolve, (piece.length / state.bytesPerSecond) * 1000));
          }
          if (response.destroyed) return answer.destroy();
          entry.bytes += piece.length;
          if (!response.write(piece)) await drained(response);
        }
      }
      response.end();
    } catch {
      // The server ended in mid-answer: so does what the browser gets.
      response.destroy();
    }
  });
  onward.on('error', () => response.destroy());
  response.once('close', () => onward.destroy());
  request.pipe(onward);
}

/** A tenth of a second's worth at a time. @param {Buffer} chunk @param {number} bytesPerSecond */
function* pieces(chunk, bytesPerSecond) {
  const most = Number.isFinite(bytesPerSecond) ? Math.ceil(bytesPerSecond / 10) : chunk.length;
  for (let at = 0; at < chunk.length; at += most) yield chunk.subarray(at, at + most);
}

/** @param {import('node:http').ServerResponse} response */
function drained(response) {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve(undefined);
    };
    response.on('drain', go).on('close', go);
  });
}
