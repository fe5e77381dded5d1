// Makes the films of recipes.mjs with ffmpeg, each once, in target/fixtures/play.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../firstframe.mjs';
import { parse, serialize } from './boxes.mjs';
import { RECIPES } from './recipes.mjs';

const folder = path.join(root, 'target/fixtures/play');
/** A picture of each film is encoded by one thread, so that the same recipe gives the same film. */
const COMMON = ['-map_metadata:g', '-1', '-fflags', '+bitexact', '-flags', '+bitexact', '-threads', '1'];

/** Path of a film, made when it is not there. @param {string} name */
export async function generated(name) {
  const recipe = RECIPES[name];
  const { as = 'mp4', patch, bytes } = recipe;
  // What a change does depends on more than its own text.
  const changes = patch || bytes ? await sourceOfChanges() : '';
  const hash = createHash('sha256').update(JSON.stringify([recipe.line, as, COMMON, changes])).digest('hex');
  const out = path.join(folder, hash.slice(0, 12), `${name}.${as}`);
  if (existsSync(out)) return out;
  await mkdir(path.dirname(out), { recursive: true });
  const unfinished = `${out}.${process.pid}.part.${as === 'm4a' ? 'mp4' : as}`;
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...await flags(recipe.line), ...COMMON, unfinished], {
    env: { ...process.env, SVT_LOG: '0' },
  });
  if (patch || bytes) await writeFile(unfinished, change(await readFile(unfinished), recipe));
  await rename(unfinished, out);
  return out;
}

async function sourceOfChanges() {
  const texts = ['recipes.mjs', 'boxes.mjs'].map((name) => readFile(new URL(name, import.meta.url), 'utf8'));
  return (await Promise.all(texts)).join('');
}

/** @param {string} line */
async function flags(line) {
  const words = line.split(' ').filter((word) => word);
  return Promise.all(words.map((word) => {
    const other = word.match(/^\{(.*)\}$/)?.[1];
    return other ? generated(other) : word;
  }));
}

/** @param {Buffer} film @param {import('./recipes.mjs').Recipe} recipe */
function change(film, { patch, bytes = (all) => all }) {
  if (!patch) return bytes(film);
  const boxes = parse(film);
  patch(boxes);
  return bytes(serialize(boxes));
}
