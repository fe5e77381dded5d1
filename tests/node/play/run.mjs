// Plays every film in both browsers beside the browser's own element, and writes docs/plays.md.
//
//   node run.mjs            all films; a run that was ended goes on where it was
//   node run.mjs c01 plain  films whose names have one of these, with the state of each bad one

import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../firstframe.mjs';
import { ownFilms, realFilms } from './films.mjs';
import { known } from './known.mjs';
import { BROWSERS, Screen, measure, startTable } from './measure.mjs';
import { write } from './table.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.join(root, 'target/play');
const rowsFile = path.join(folder, 'rows.jsonl');

/** What the rows depend on: another program or another harness begins anew. */
async function stateOfTree() {
  const hash = createHash('sha256');
  hash.update(await readFile(path.resolve(root, process.env.FIRSTFRAME_BIN ?? 'target/native/firstframe')));
  for (const name of (await readdir(here)).sort()) {
    if (!['known.mjs', 'table.mjs'].includes(name)) hash.update(await readFile(path.join(here, name)));
  }
  return hash.digest('hex');
}

/** Rows of an earlier run of the same tree, which was ended. @param {string} state */
async function earlierRows(state) {
  const [first, ...lines] = (await readFile(rowsFile, 'utf8').catch(() => '')).split('\n').filter((line) => line);
  if (first === JSON.stringify({ state })) return lines.map((line) => JSON.parse(line));
  await mkdir(folder, { recursive: true });
  await writeFile(rowsFile, `${JSON.stringify({ state })}\n`);
  return [];
}

/** A line for people. @param {import('./measure.mjs').Row} row @param {string} count */
function print({ name, browser, native, ms, ways }, count) {
  const cells = Object.entries(ways).map(([way, { findings, isByFile }]) =>
    `${way}: ${findings.map((one) => (known(name, browser, way, one) ? `(known) ${one}` : one)).join('; ')
      || `as native${isByFile ? ', by the own player' : ''}`}`);
  console.log(`${count} ${name} ${browser}: native ${native} | ${cells.join(' | ')} [${(ms / 1000).toFixed(1)} s]`);
}

const names = process.argv.slice(2);
const isNamed = (name) => !names.length || names.some((part) => name.includes(part));
console.error('making films');
const films = [...await ownFilms((_, name) => isNamed(name)), ...await realFilms()].filter(({ name }) => isNamed(name));
const rows = names.length ? [] : await earlierRows(await stateOfTree());
if (rows.length) console.error(`goes on: ${rows.length} of ${films.length * BROWSERS.length} rows are of a run that was ended`);
console.error(`publishing ${films.length} films`);
const table = await startTable(films);

/** @param {import('./measure.mjs').BROWSERS[number]} browser */
async function play(browser) {
  const screen = new Screen(browser);
  for (const [at, film] of films.entries()) {
    if (rows.some((row) => row.name === film.name && row.browser === browser)) continue;
    const row = await measure(table, screen, film);
    rows.push(row);
    print(row, `${at + 1}/${films.length}`);
    if (names.length) Object.entries(row.ways).forEach(([way, { state }]) => state && console.log(way, JSON.stringify(state)));
    else await appendFile(rowsFile, `${JSON.stringify(row)}\n`);
  }
  await screen.close();
}

await Promise.all(BROWSERS.map(play));
await table.stop();
const { bad, stale } = names.length ? { bad: 0, stale: [] } : await write(films, rows);
for (const entry of stale) console.log(`known.mjs has an entry that no row needs: ${entry.file} ${entry.finding}`);
if (!names.length) await rm(rowsFile);
if (bad) {
  console.error(`${bad} rows are worse than native, and known.mjs does not say why`);
  process.exitCode = 1;
}
