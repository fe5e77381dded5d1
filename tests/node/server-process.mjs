// Servers of others, as Debian has them, with settings and a port of their own.

import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';

/** How long one may take to listen, or to end. */
const MS_MAX = 30_000;

/**
 * Fills in words of capitals, and writes what comes of it into a folder.
 *
 * @param {URL} template @param {string} folder @param {Record<string, string | number>} words
 * @returns {Promise<string>} The file.
 */
export async function settings(template, folder, words) {
  const file = path.join(folder, path.basename(template.pathname));
  const text = await readFile(template, 'utf8');
  await writeFile(file, text.replace(/\b[A-Z]+\b/g, (word) => `${words[word] ?? word}`));
  return file;
}

/**
 * Starts one that listens on this port of the loopback interface.
 *
 * @param {string[]} command @param {number} port
 * @returns {Promise<() => Promise<void>>} Ends it.
 */
export async function start([program, ...options], port) {
  const child = spawn(program, options, {
    // Debian has servers where not everybody's path is.
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.once('exit', resolve);
  });
  const isThere = await Promise.race([ended.then(() => false), listens(port)]);
  if (!isThere) {
    kill();
    throw new Error(`${program} does not start`);
  }
  return async () => {
    child.kill();
    const late = setTimeout(kill, MS_MAX);
    await ended;
    clearTimeout(late);
    process.off('exit', kill);
  };
}

/** A port that nobody has. @returns {Promise<number>} */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether somebody listens there in time. @param {number} port */
async function listens(port) {
  const until = performance.now() + MS_MAX;
  while (performance.now() < until) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isThere) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
