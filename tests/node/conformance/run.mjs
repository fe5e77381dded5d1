// Runs groups of http-cache-tests through `firstframe serve` in front of the suite's own origin.
//
//   FIRSTFRAME_BIN=... node run.mjs FOLDER_OF_THE_PACKAGE [--published]
//
// Prints one line of JSON a test: {"group", "id", "name", "kind", "passed", "why"}. With
// `--published` the tests are taken as they are, faults of their own included.

import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { key, serve } from '../firstframe.mjs';
import { start } from './provider.mjs';
import { suiteFetch } from './suite-fetch.mjs';
import { KEPT_FIELDS, compareLess, groups, mend, origin, run } from './suite.mjs';

const { values, positionals } = parseArgs({
  options: { published: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const folder = path.resolve(positionals[0]);

// The suite speaks about its own requests on stdout.
console.log = console.error;
const wanted = (await groups(folder)).filter(({ id }) => !values.published || id === 'partial');
for (const { tests } of wanted) {
  for (const test of tests) compareLess(values.published ? test : mend(test));
}
const suite = await origin(folder);
for (const { id: group, tests } of wanted) {
  // A group at a time, and each test with a provider of its own: failures of a shared provider would
  // open the edge's circuit breaker for the other tests.
  const results = await through(tests);
  for (const { id, name, kind = 'required' } of tests) {
    const result = results[id];
    const why = result === true ? '' : `${result[0]}: ${result[1]}`;
    process.stdout.write(`${JSON.stringify({ group, id, name, kind, passed: result === true, why })}\n`);
  }
}
process.exit(0);

/** Runs tests through a `firstframe serve` of their own. @param {any[]} tests */
async function through(tests) {
  const files = new Map();
  const origins = await Promise.all(tests.map(() => start(files, suite)));
  const records = origins.map((origin, n) => {
    return { id: `p${n}`, origins: [origin], bases: [`${origin}/`], private: true, fields: KEPT_FIELDS };
  });
  const setting = path.join(tmpdir(), `firstframe-conformance-${process.pid}.json`);
  await writeFile(setting, JSON.stringify(records));
  const allowed = ['--allowed-outbound-hosts', origins.join(',')];
  const server = await serve(['--providers', setting, ...allowed]);
  const [adminKey, mediaKey] = [await key(server.data, 'admin_key'), await key(server.data, 'media_keys')];
  const providers = records.map(({ id }) => id);
  const fetch = suiteFetch({ edge: server.url, adminKey, mediaKey, suite, files, providers });
  const results = await run(folder, tests, fetch);
  await server.stop();
  await rm(setting);
  return results;
}
