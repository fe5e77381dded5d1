// Debian's nginx with films as they are: it knows nothing of us.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { folderOf, root } from './firstframe.mjs';

const START_MS_MAX = 10_000;

/** @param {Record<string, string>} files by the names that they have there */
export async function nginx(files) {
  const parent = path.join(root, 'target/tests');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, 'nginx-'));
  await folderOf(folder, files);
  const port = await freePort();
  const conf = await readFile(new URL('nginx.conf', import.meta.url), 'utf8');
  await writeFile(path.join(folder, 'nginx.conf'),
    conf.replaceAll('FOLDER', folder).replaceAll('PORT', `${port}`));
  const child = spawn('nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf')], {
    // Where Debian has it, which is not on everybody's path.
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`nginx cannot be run: ${error.message}`)));
    child.once('exit', resolve);
  });
  await Promise.race([ended, listens(port)]);
  if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    /** What it was asked: method, path, status, range. */
    async asked() {
      const log = await readFile(path.join(folder, 'access.log'), 'utf8');
      return log.split('\n').filter(Boolean).map((line) => {
        const [method, uri, status, range] = line.split(' ');
        return { method, uri, status: Number(status), range };
      });
    },
    async stop() {
      kill();
      await ended;
      process.off('exit', kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when somebody listens there. @param {number} port */
async function listens(port) {
  const until = performance.now() + START_MS_MAX;
  while (performance.now() < until) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('nginx does not start');
}
