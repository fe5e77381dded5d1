// `firstframe serve` with a data folder of its own, and `firstframe publish` to it.

import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstLine, start } from './process.mjs';

/** The top of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

function binary() {
  const file = path.resolve(root, process.env.FIRSTFRAME_BIN ?? 'target/native/firstframe');
  if (!existsSync(file)) throw new Error(`${file} is absent: \`cargo xtask build\` makes it`);
  return file;
}

/** The environment without the settings that cargo or a person has in it for other runs. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FIRSTFRAME_')));
}

/**
 * Serves on free ports. The data folder is on the disk that has the fixtures, so that publish can
 * link them.
 *
 * @param {string[]} [flags] of `firstframe serve`
 * @param {string} [parent] of the data folder
 */
export async function serve(flags = [], parent = path.join(root, 'target/tests')) {
  await mkdir(parent, { recursive: true });
  const data = await mkdtemp(path.join(parent, 'data-'));
  const server = start([binary(), 'serve', '--listen', '127.0.0.1:0', '--data', data, ...flags], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await firstLine(server);
  const url = line.match(/^Firstframe serves (https?:\/\/\S+)$/)?.[1];
  if (!url) throw new Error(`the first line of firstframe serve is ${line}`);
  const stop = async () => {
    await server.kill();
    await rm(data, { recursive: true, force: true });
  };
  return { url: new URL(url), data, stop };
}

/** A key of a data folder, by its name in `keys.toml`. @param {string} data @param {string} name */
export async function key(data, name) {
  const text = await readFile(path.join(data, 'keys.toml'), 'utf8');
  return text.match(new RegExp(`^${name} *= *"([^"]+)"`, 'm'))?.[1] ?? '';
}

/** A folder of these files, by their new names. @param {string} data @param {Record<string, string>} files */
export async function folderOf(data, files) {
  const folder = path.join(data, 'films');
  for (const [name, file] of Object.entries(files)) {
    const to = path.join(folder, name);
    await mkdir(path.dirname(to), { recursive: true });
    await link(file, to).catch(() => symlink(file, to));
  }
  return folder;
}

/** Publishes a folder, and returns the exit status and the output. @param {string} data @param {string} folder */
export async function publish(data, folder) {
  const { child, ended } = start([binary(), 'publish', folder, '--data', data], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  return { status: await ended, output };
}

/** What a verb that reads a password prints. @param {string[]} verb @param {string} password */
async function withPassword(verb, password) {
  const { child, ended } = start([binary(), ...verb, '--memory-kib', '1024'], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stdin?.end(password);
  if ((await ended) !== 0) throw new Error(`firstframe ${verb.join(' ')} failed`);
  return output.trim();
}

/** The hash of a password, for `--viewers-password`. @param {string} password */
export const hashPassword = (password) => withPassword(['hash-password'], password);

/** Adds an account. @param {string} data @param {string} name @param {string} password */
export const addAccount = (data, name, password) =>
  withPassword(['account', 'add', name, '--data', data], password);

/** Data of an API response. @param {URL} url @param {string} target */
export async function api(url, target) {
  const response = await fetch(new URL(target, url));
  const { data, error } = /** @type {any} */ (await response.json());
  if (error) throw new Error(`${target}: ${error.code}: ${error.message}`);
  return data;
}
