// Publishes the corpus of real files, where it is there, and finds its episodes.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { api, publish, root } from '../firstframe.mjs';

export const CORPUS = process.env.FIRSTFRAME_CORPUS ?? path.resolve(root, '../shared/corpus');

/** Films made after public bug reports, beside the corpus. */
const CASES = path.join(CORPUS, '../cases');

/** Whether it is there; says loudly what is not tested where it is not. */
export function corpusIsThere() {
  return isThere(CORPUS, 'Set FIRSTFRAME_CORPUS to the folder of the files that corpus.test.mjs names.');
}

/** @param {string} folder @param {string} advice */
function isThere(folder, advice) {
  if (existsSync(folder)) return true;
  test(`${path.basename(folder).toUpperCase()} IS ABSENT`, (t) => {
    const text = `NOT TESTED: no film of ${folder}, which is not there. ${advice}`;
    t.diagnostic(text);
    console.error(`\n${'!'.repeat(80)}\n${text}\n${'!'.repeat(80)}\n`);
  });
  return false;
}

/** All files of the corpus and of the cases, as far as they are there. */
export async function realFiles() {
  const found = [];
  for (const folder of [CORPUS, CASES]) {
    if (!isThere(folder, 'FIRSTFRAME_CORPUS names the corpus, and the cases lie beside it.')) continue;
    const names = (await readdir(folder)).filter((name) => /\.(mp4|mov)$/.test(name)).sort();
    found.push(...names.map((name) => path.join(folder, name)));
  }
  return found;
}

/** All of it, by name. */
export async function files() {
  return (await readdir(CORPUS)).filter((name) => name.endsWith('.mp4')).sort();
}

/**
 * Publishes it. A file is known again by the letters of its title, or by a length that no other
 * file has.
 * @param {{ url: URL, data: string }} server
 */
export async function publishCorpus(server) {
  const { status, output } = await publish(server.data, CORPUS);
  assert.equal(status, 0, output);
  const sizes = new Map();
  for (const file of await files()) {
    const { size } = await stat(path.join(CORPUS, file));
    sizes.set(size, [...(sizes.get(size) ?? []), file]);
  }
  const letters = (text) => text.replace(/\.mp4$/, '').replace(/[^a-z0-9]/gi, '').toLowerCase();
  /** Episode ids by file name. @type {Map<string, string>} */
  const episodes = new Map();
  const { recent } = await api(server.url, '/api/v2/home');
  for (const { id } of recent) {
    const { items } = await api(server.url, `/api/v2/catalog/${id}/episodes`);
    for (const episode of items) {
      const { preferredStream } = await api(server.url, `/api/v2/stream/${episode.id}`);
      const same = sizes.get(preferredStream?.sizeBytes) ?? [];
      const file = same.length === 1 ? same[0] : same.find((one) => letters(one) === letters(id));
      if (file) episodes.set(file, episode.id);
    }
  }
  return { output, episodes };
}
