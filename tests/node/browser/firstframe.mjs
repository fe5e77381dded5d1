// `firstframe serve` with films that `firstframe publish` brought in.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

function binary() {
  const file = path.resolve(root, process.env.FIRSTFRAME_BIN ?? 'target/native/firstframe');
  if (!existsSync(file)) throw new Error(`${file} is absent: \`cargo xtask build\` makes it`);
  return file;
}

/** What cargo or a person has set for other runs is no part of this one. */
function environment() {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('FIRSTFRAME_'));
  return Object.fromEntries(kept);
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Serves on free ports, with a data folder of its own on the disk that holds the fixtures, so that
 * publish can link them.
 *
 * @param {string[]} [more] Further arguments.
 */
export async function serve(more = []) {
  const parent = path.join(root, 'target/tests');
  await mkdir(parent, { recursive: true });
  const data = await mkdtemp(path.join(parent, 'data-'));
  const child = spawn(binary(), ['serve', '--listen', '127.0.0.1:0', '--data', data, ...more], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const url = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`firstframe serve ended with ${status}`)));
    readline.createInterface({ input: child.stdout }).once('line', (line) => {
      const found = line.match(/^Firstframe serves (http:\/\/\S+)$/)?.[1];
      if (found) resolve(found);
      else reject(new Error(`firstframe serve said ${line}`));
    });
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    running.delete(child);
    await rm(data, { recursive: true, force: true });
  };
  return { url: new URL(url), data, stop };
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

/** Publishes a folder; resolves with what was said. @param {string} data @param {string} folder */
export async function publish(data, folder) {
  const child = spawn(binary(), ['publish', folder, '--data', data], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  running.delete(child);
  return { status, said };
}

/** Data of an API answer. @param {URL} url @param {string} target */
export async function api(url, target) {
  const response = await fetch(new URL(target, url));
  const { data, error } = /** @type {any} */ (await response.json());
  if (error) throw new Error(`${target}: ${error.code}: ${error.message}`);
  return data;
}
