// A part of the play table: one film of each kind that players fail on, beside the browser's own element.
// `cargo xtask test play` plays all films.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ownFilms } from './films.mjs';
import { known } from './known.mjs';
import { BROWSERS, Screen, measure, startTable } from './measure.mjs';
import { RECIPES } from './recipes.mjs';

const names = Object.keys(RECIPES).filter((name) => RECIPES[name].isShort);

// Both browsers at once: each waits for most of its time.
describe('the play table', { concurrency: true, timeout: 1_800_000 }, () => {
  /** @type {Awaited<ReturnType<typeof ownFilms>>} */
  let films;
  /** @type {Awaited<ReturnType<typeof startTable>>} */
  let table;
  before(async () => {
    films = await ownFilms(({ isShort }) => isShort === true);
    table = await startTable(films);
  }, { timeout: 600_000 });
  after(async () => {
    await table?.stop();
  });

  for (const browser of BROWSERS) {
    test(`${browser} plays each film as its own element does, or says why not`, { timeout: 1_800_000 }, async (t) => {
      const screen = new Screen(browser);
      for (const name of names) {
        await t.test(name, { timeout: 600_000 }, async () => {
          const film = films.find((one) => one.name.startsWith(`${name}.`));
          assert.ok(film, `${name} was not made`);
          const { ways } = await measure(table, screen, film);
          const bad = Object.entries(ways).flatMap(([way, { findings, state }]) =>
            findings.filter((one) => !known(film.name, browser, way, one)).map((one) => ({ way, finding: one, state })));
          assert.deepEqual(bad, []);
        });
      }
      await screen.close();
    });
  }
});
