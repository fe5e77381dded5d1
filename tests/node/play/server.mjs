// One origin for all that a page of the play table needs: its script, the films as plain files, and
// whatever `firstframe serve` has.

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const PAGE = '<!doctype html><meta charset="utf-8"><title>One film</title><link rel="icon" href="data:,">'
  + '<body style="margin: 0"><script type="module" src="/play/page.js"></script>';

/** @param {URL} upstream @param {Map<string, string>} films paths of files by their names */
export async function serveFilms(upstream, films) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', upstream);
    const film = films.get(pathname.replace(/^\/play\/film\//, ''));
    if (pathname === '/play/') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    } else if (pathname === '/play/page.js') {
      const script = await readFile(path.join(here, 'page.js'));
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    } else if (film) {
      await sendFile(film, request, response).catch(() => response.destroy());
    } else {
      forward(upstream, request, response);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * A file, or a range of it.
 * @param {string} file
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function sendFile(file, { method, headers: { range } }, response) {
  const { size, mtimeMs } = await stat(file);
  const [, first, last] = range?.match(/^bytes=(\d*)-(\d*)$/) ?? [];
  const start = first ? Number(first) : last ? Math.max(0, size - Number(last)) : 0;
  const end = first && last ? Math.min(Number(last) + 1, size) : size;
  if (start >= end) return response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
  response.writeHead(range ? 206 : 200, {
    'accept-ranges': 'bytes',
    'content-length': end - start,
    'content-type': 'video/mp4',
    etag: `"${size}-${Math.round(mtimeMs)}"`,
    ...(range && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  });
  if (method === 'HEAD') return response.end();
  const body = createReadStream(file, { start, end: end - 1 });
  response.once('close', () => body.destroy());
  body.pipe(response);
}

/**
 * @param {URL} upstream
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function forward({ hostname, port }, request, response) {
  const { method, url, headers } = request;
  const onward = send({ hostname, port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  response.once('close', () => onward.destroy());
  request.pipe(onward);
}
