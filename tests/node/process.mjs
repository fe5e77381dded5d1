// Starts programs for tests and benches. None of them outlives this process.

import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import readline from 'node:readline';

/** How long a server may take to listen, or to end after a signal. */
const MS_MAX = 30_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * A program that was started.
 *
 * @typedef {object} Started
 * @property {import('node:child_process').ChildProcess} child
 * @property {Promise<number | null>} ended its exit status; rejected where it cannot be run
 * @property {() => Promise<void>} kill ends it at once, as a power cut would
 * @property {() => Promise<void>} stop signals it to end, and kills it if it does not
 */

/**
 * Starts a program.
 *
 * @param {string[]} command
 * @param {{ env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions }} [options]
 * @returns {Started}
 */
export function start([program, ...flags], { env = process.env, stdio = ['ignore', 'ignore', 'inherit'] } = {}) {
  const child = spawn(program, flags, { env, stdio });
  running.add(child);
  const ended = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.once('close', resolve);
  }).finally(() => running.delete(child));
  // Whoever waits for it gets the error; nobody else has to.
  ended.catch(() => {});
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const stop = async () => {
    child.kill();
    const late = setTimeout(() => child.kill('SIGKILL'), MS_MAX);
    await ended;
    clearTimeout(late);
  };
  return { child, ended, kill, stop };
}

/**
 * The first line that a program writes to its standard output, which is a pipe.
 *
 * @param {Started} started @returns {Promise<string>}
 */
export function firstLine({ child, ended }) {
  const line = new Promise((resolve) => {
    readline.createInterface({ input: /** @type {any} */ (child.stdout) }).once('line', resolve);
  });
  const never = ended.then((status) => Promise.reject(new Error(`${child.spawnfile} ended with ${status}`)));
  return Promise.race([line, never]);
}

/**
 * Starts a server that listens on this port of the loopback interface.
 *
 * @param {string[]} command @param {number} port
 * @returns {Promise<() => Promise<void>>} Ends it.
 */
export async function startServer(command, port) {
  // Debian installs servers into a folder that is not on every PATH.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const started = start(command, { env });
  if (!(await Promise.race([started.ended.then(() => false), listens(port)]))) {
    await started.kill();
    throw new Error(`${command[0]} does not start`);
  }
  return started.stop;
}

/**
 * Fills in a settings file: each word in capitals that `words` has.
 *
 * @param {URL} template @param {string} folder @param {Record<string, string | number>} words
 * @returns {Promise<string>} Path of the file, which is in `folder`.
 */
export async function settings(template, folder, words) {
  const file = path.join(folder, path.basename(template.pathname));
  const text = await readFile(template, 'utf8');
  await writeFile(file, text.replace(/\b[A-Z]+\b/g, (word) => `${words[word] ?? word}`));
  return file;
}

/** A port that no program has. @returns {Promise<number>} */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether a server listens on a port in time. @param {number} port */
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
