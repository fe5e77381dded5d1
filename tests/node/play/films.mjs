// The films of the play table: the corpus, the cases, and those that recipes.mjs makes.

import path from 'node:path';
import { CORPUS, realFiles } from '../browser/corpus.mjs';
import { generated } from './generated.mjs';
import { RECIPES } from './recipes.mjs';

/** Films that are made here. @param {(recipe: import('./recipes.mjs').Recipe, name: string) => boolean} isWanted */
export async function ownFilms(isWanted = () => true) {
  const films = [];
  for (const [name, recipe] of Object.entries(RECIPES)) {
    if (!isWanted(recipe, `${name}.${recipe.as ?? 'mp4'}`)) continue;
    const file = await generated(name);
    films.push({ name: path.basename(file), file, what: recipe.what, hz: recipe.hz, seconds: recipe.seconds, hasTone: true });
  }
  return films;
}

/** Films that lie beside the repository, as far as they are there. */
export async function realFilms() {
  const files = await realFiles();
  return files.map((file) => {
    const isOfCorpus = path.dirname(file) === path.resolve(CORPUS);
    return { name: path.basename(file), file, what: isOfCorpus ? 'corpus' : 'case', hasTone: !isOfCorpus };
  });
}
