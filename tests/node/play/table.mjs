// docs/plays.md: one row a film.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../firstframe.mjs';
import { DIFFERENCE_MAX } from './judge.mjs';
import { KNOWN, known } from './known.mjs';
import { BROWSERS, WAYS } from './measure.mjs';

const PREFACE = `# How films play

\`cargo xtask test play\` writes this file. It publishes the corpus, the cases and the films of
\`tests/node/play/recipes.mjs\`, and plays each in Chromium and Firefox: in the browser's own element, by
episode, and by \`src\`. A film plays *as native* where all of this holds in both browsers and both ways:
its first picture comes; its length is native's within 0.5 s or 2 %; three seeks end where native's do,
and play on; the pictures there and at the start differ by at most ${DIFFERENCE_MAX} of 255 in the mean of
32 x 18 points; sound is heard where native's is, and its loudest frequency is native's where the film
has a tone. A film that does not play ends with an event.
`;

/**
 * Writes the table; how many rows are worse than native without a reason, and which reasons no row needs.
 * @param {import('./measure.mjs').Film[]} films @param {import('./measure.mjs').Row[]} rows
 */
export async function write(films, rows) {
  let text = `${PREFACE}\n${counts(films, rows)}\n`;
  text += '\n| film | what it has | native | ours | why not |\n|---|---|---|---|---|\n';
  const used = new Set();
  let bad = 0;
  for (const { name, what } of films) {
    const mine = BROWSERS.map((browser) => rows.find((row) => row.name === name && row.browser === browser));
    const reasons = new Set();
    for (const { browser, way, finding } of mine.flatMap(found)) {
      const entry = known(name, browser, way, finding);
      if (entry) used.add(entry);
      else bad += 1;
      reasons.add(entry ? [entry.why, entry.said && `A person is told: ${entry.said}`].filter(Boolean).join(' ') : 'not known yet');
    }
    text += `| ${[name, what, native(mine), ours(mine), [...reasons].join(' ')].map(cell).join(' | ')} |\n`;
  }
  await writeFile(path.join(root, 'docs/plays.md'), text);
  return { bad, stale: KNOWN.filter((entry) => !used.has(entry)) };
}

const cell = (text) => text.replaceAll('|', '/').replaceAll('\n', ' ');

/** @param {any} row */
const found = (row) => WAYS.flatMap((way) =>
  row.ways[way].findings.map((finding) => ({ browser: row.browser, way, finding })));

/** @param {import('./measure.mjs').Film[]} films @param {import('./measure.mjs').Row[]} rows */
function counts(films, rows) {
  const worse = new Set(rows.filter((row) => found(row).length).map(({ name }) => name));
  return `${films.length} films; ${films.length - worse.size} play as native in both browsers and both ways.`;
}

/** One text where both browsers do the same. @param {any[]} rows */
function native(rows) {
  const [first, ...others] = rows;
  if (others.every((row) => row.native === first.native)) return first.native;
  return rows.map((row) => `${row.browser}: ${row.native}`).join('; ');
}

/** @param {any[]} rows */
function ours(rows) {
  const lines = rows.flatMap((row) => {
    const all = found(row);
    const same = WAYS.map((way) => all.filter((one) => one.way === way).map(({ finding }) => finding).join(', '));
    if (new Set(same).size === 1) return same[0] ? [`${row.browser}: ${same[0]}`] : [];
    return WAYS.flatMap((way, at) => (same[at] ? [`${row.browser} by ${way}: ${same[at]}`] : []));
  });
  const byFile = rows.filter((row) => WAYS.some((way) => row.ways[way].isByFile));
  const how = byFile.length ? ` (${byFile.map(({ browser }) => browser).join(' and ')}: by the browser's own player)` : '';
  return `${lines.join('; ') || (rows.every(({ native: text }) => !text.startsWith('plays')) ? 'ends with an error, as native' : 'as native')}${how}`;
}
