// The tarball of the package for npm, which `cargo xtask package` makes, unpacked as an app has it.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../firstframe.mjs';

const run = promisify(execFile);

/** Its path. */
export async function tarball() {
  if (process.env.FIRSTFRAME_PACKAGE) return process.env.FIRSTFRAME_PACKAGE;
  const folder = path.join(root, 'target/package');
  const names = await readdir(folder).catch(() => []);
  const name = names.find((one) => one.endsWith('.tgz'));
  if (!name) throw new Error(`${folder} has no tarball: \`cargo xtask package\` makes it`);
  return path.join(folder, name);
}

/** Unpacks it into `node_modules` of a folder of its own. */
export async function unpacked() {
  await mkdir(path.join(root, 'target/tests'), { recursive: true });
  const app = await mkdtemp(path.join(root, 'target/tests/package-'));
  const folder = path.join(app, 'node_modules/@firstframe/video');
  await mkdir(folder, { recursive: true });
  await run('tar', ['-xzf', await tarball(), '-C', folder, '--strip-components=1']);
  /** @param {string} name */
  const text = (name) => readFile(path.join(folder, name), 'utf8');
  return {
    app,
    folder,
    files: (await readdir(folder)).sort(),
    manifest: JSON.parse(await text('package.json')),
    text,
    remove: () => rm(app, { recursive: true, force: true }),
  };
}
