// The group about partial content of http-cache-tests, through caches of others in front of the
// suite's own origin: as it is published, and with its own faults mended as they are for us.
//
//   node peers.mjs FOLDER_OF_THE_PACKAGE FOLDER_TO_WRITE_IN
//
// Prints a figure a line: {"bench", "case", "subject", "metric", "value"}. What fails, and why, is
// said on stderr.

import { chmod, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { groups, mend, origin, run } from '../../tests/node/conformance/suite.mjs';
import { freePort, settings, startServer } from '../../tests/node/process.mjs';

/**
 * Each cache by its settings, in which words in capitals are filled in, and what it is started by.
 *
 * @type {Array<[string, (file: string, folder: string, port: number) => string[]]>}
 */
const PEERS = [
  ['apache.conf', (file) => ['apache2', '-X', '-f', file]],
  ['nginx.conf', (file) => ['nginx', '-c', file]],
  ['squid.conf', (file) => ['squid', '-N', '-f', file]],
  [
    'varnish.vcl',
    (file, folder, port) => {
      const place = ['-n', path.join(folder, 'work'), '-a', `127.0.0.1:${port}`];
      return ['varnishd', '-F', '-f', file, '-s', 'default,64m', ...place];
    },
  ],
];

const [suite, work] = process.argv.slice(2).map((folder) => path.resolve(folder));
// The suite speaks about its own requests on stdout.
console.log = console.error;
const direct = await origin(suite);
for (const [name, command] of PEERS) {
  const subject = path.parse(name).name;
  const folder = path.join(work, subject);
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'cache'), { recursive: true });
  // Some give up being root, and write there as somebody else.
  for (const place of [folder, path.join(folder, 'cache')]) await chmod(place, 0o777);
  const port = await freePort();
  const words = { FOLDER: folder, PORT: port, ORIGIN: new URL(direct).port };
  const file = await settings(new URL(name, import.meta.url), folder, words);
  const end = await startServer(command(file, folder, port), port);
  for (const tests of ['published', 'mended']) {
    const value = await passed(subject, tests, `http://127.0.0.1:${port}`);
    const figure = { bench: 'conformance', case: tests, subject, metric: 'passed_tests', value };
    process.stdout.write(`${JSON.stringify(figure)}\n`);
  }
  await end();
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
