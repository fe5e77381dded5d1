// A server of one film on an origin of its own, which a test can replace by another film.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';

/** @param {string} file */
async function read(file) {
  const bytes = await readFile(file);
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"` };
}

/**
 * @typedef {object} Manners
 * @property {number} [answerMax] bytes of an answer at most
 * @property {"all" | "no-preflight" | "none"} [cors] what pages of other origins may do
 */

/** @param {string} file @param {Manners} [manners] */
export async function films(file, { answerMax = Infinity, cors = 'all' } = {}) {
  let film = await read(file);
  /** @type {Array<{ method: string, range: string | undefined, ifRange: string | undefined, ifMatch: string | undefined, etag: string, status: number }>} */
  const seen = [];
  const server = createServer((request, response) => {
    const { bytes, etag } = film;
    const { range, 'if-range': ifRange, 'if-match': ifMatch } = request.headers;
    const answer = (status, headers = {}, body = undefined) => {
      seen.push({ method: request.method ?? '', range, ifRange, ifMatch, etag, status });
      response.writeHead(status, {
        ...(cors !== 'none' && {
          'access-control-allow-origin': '*',
          'access-control-expose-headers': 'Content-Range, Content-Length, ETag, Accept-Ranges',
        }),
        ...headers,
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method === 'OPTIONS') {
      if (cors !== 'all') return answer(405);
      return answer(204, {
        'access-control-allow-headers': 'Range, If-Range, If-Match',
        'access-control-allow-methods': 'GET, HEAD',
      });
    }
    if (ifMatch && ifMatch !== etag) return answer(412, { etag });
    const common = { etag, 'accept-ranges': 'bytes', 'content-type': 'video/mp4' };
    const [, first, last] = range?.match(/^bytes=(\d*)-(\d*)$/) ?? [];
    if (first === undefined || (ifRange && ifRange !== etag)) {
      return answer(200, { ...common, 'content-length': bytes.length }, bytes);
    }
    const start = first === '' ? Math.max(0, bytes.length - Number(last)) : Number(first);
    const requested = first === '' || last === '' ? bytes.length : Math.min(Number(last) + 1, bytes.length);
    const end = Math.min(requested, start + answerMax);
    if (start >= end) return answer(416, { 'content-range': `bytes */${bytes.length}` });
    answer(206, {
      ...common,
      'content-length': end - start,
      'content-range': `bytes ${start}-${end - 1}/${bytes.length}`,
    }, bytes.subarray(start, end));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/film.mp4`,
    seen,
    /** From the next request on it is another film. @param {string} other */
    async replace(other) {
      film = await read(other);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
