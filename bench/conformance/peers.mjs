// The group about partial content of http-cache-tests, through caches of others in front of the
// suite's own origin: as it is published, and with its own faults mended as they are for us.
//
//   node peers.mjs FOLDER_OF_THE_PACKAGE FOLDER_TO_WRITE_IN
//
// Prints a figure a line: {"bench", "case", "subject", "metric", "value"}. What fails, and why, is
// said on stderr.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';

import { groups, mend, origin, run } from '../../tests/node/conformance/suite.mjs';

/**
 * Each cache by its settings, in which words in capitals are filled in, and what it is started by.
 *
 * @type {Array<[string, (settings: string, folder: string, port: number) => string[]]>}
 */
const PEERS = [
  ['apache.conf', (settings) => ['apache2', '-X', '-f', settings]],
  ['nginx.conf', (settings) => ['nginx', '-c', settings]],
  ['squid.conf', (settings) => ['squid', '-N', '-f', settings]],
  [
    'varnish.vcl',
    (settings, folder, port) => {
      const place = ['-n', path.join(folder, 'work'), '-a', `127.0.0.1:${port}`];
      return ['varnishd', '-F', '-f', settings, '-s', 'default,64m', ...place];
    },
  ],
];
/** How long a cache may take to begin, or to end. */
const MS_MAX = 30_000;
// Debian has servers where not everybody's `PATH` is.
process.env.PATH += ':/usr/sbin';

const [suite, work] = process.argv.slice(2).map((folder) => path.resolve(folder));
// The suite speaks about its own requests on stdout.
console.log = console.error;
const direct = await origin(suite);
for (const [file, command] of PEERS) {
  const subject = path.parse(file).name;
  const peer = await start(file, command);
  for (const name of ['published', 'mended']) {
    const value = await passed(subject, name, peer.origin);
    const figure = { bench: 'conformance', case: name, subject, metric: 'passed_tests', value };
    process.stdout.write(`${JSON.stringify(figure)}\n`);
  }
  await peer.stop();
}
process.exit(0);

/** How many tests pass. @param {string} subject @param {string} name @param {string} through */
async function passed(subject, name, through) {
  const group = (await groups(suite)).find(({ id }) => id === 'partial');
  const tests = (group?.tests ?? []).map((test) => (name === 'mended' ? mend(test) : test));
  // The suite keeps results by name, of all that it ever ran.
  for (const test of tests) test.id = `${subject} ${name} ${test.id}`;
  const results = await run(suite, tests, (/** @type {string} */ target, /** @type {RequestInit} */ init) => {
    const base = target.startsWith('/test/') ? through : direct;
    // Node would ask caches not to answer.
    return fetch(base + target, { ...init, cache: undefined, redirect: 'manual' });
  });
  const failed = tests.filter(({ id }) => results[id] !== true);
  for (const { id } of failed) console.error(`${id}: ${results[id]}`);
  return tests.length - failed.length;
}

/** @param {string} file @param {(settings: string, folder: string, port: number) => string[]} command */
async function start(file, command) {
  const folder = path.join(work, path.parse(file).name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'cache'), { recursive: true });
  // Some give up being root, and write there as somebody else.
  for (const place of [folder, path.join(folder, 'cache')]) await chmod(place, 0o777);
  const port = await free();
  /** @type {Record<string, string>} */
  const words = { FOLDER: folder, PORT: String(port), ORIGIN: new URL(direct).port };
  const text = await readFile(new URL(file, import.meta.url), 'utf8');
  const settings = path.join(folder, file);
  await writeFile(settings, text.replace(/\b(FOLDER|PORT|ORIGIN)\b/g, (word) => words[word]));
  const [program, ...more] = command(settings, folder, port);
  const child = spawn(program, more, { stdio: ['ignore', 2, 2] });
  const ended = once(child, 'exit');
  const until = Date.now() + MS_MAX;
  while (!(await listens(port))) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${program} does not start`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const stop = async () => {
    child.kill();
    const late = setTimeout(() => child.kill('SIGKILL'), MS_MAX);
    await ended;
    clearTimeout(late);
  };
  return { origin: `http://127.0.0.1:${port}`, stop };
}

/** A port that nobody has. @returns {Promise<number>} */
async function free() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** @param {number} port @returns {Promise<boolean>} */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('connect', () => socket.end()).on('error', () => resolve(false));
  });
}
