// nginx with films as plain files: a server that knows nothing of Firstframe.

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { folderOf, root } from '../firstframe.mjs';
import { freePort, settings, startServer } from '../process.mjs';

/** Serves these files. @param {Record<string, string>} files by the names that they have there */
export async function nginx(files) {
  const parent = path.join(root, 'target/tests');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, 'nginx-'));
  await folderOf(folder, files);
  const port = await freePort();
  const file = await settings(new URL('nginx.conf', import.meta.url), folder, { FOLDER: folder, PORT: port });
  const end = await startServer(['nginx', '-p', folder, '-c', file], port);
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    /** The requests so far: method, path, status, range. */
    async requests() {
      const log = await readFile(path.join(folder, 'access.log'), 'utf8');
      return log.split('\n').filter(Boolean).map((line) => {
        const [method, uri, status, range] = line.split(' ');
        return { method, uri, status: Number(status), range };
      });
    },
    async stop() {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
