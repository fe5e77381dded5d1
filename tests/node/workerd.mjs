// Runs the Cloudflare build of the edge in workerd, with the platform's own KV, R2 and D1 simulators.
//
//   FIRSTFRAME_ADMIN_KEY=... [FIRSTFRAME_PROVIDERS=...] [FIRSTFRAME_VIEWERS=...]
//     node workerd.mjs [--config wrangler.toml] [--front FILE]
//
// FILE is a module of this folder that imports the Worker and stands in front of it.
// Prints one line of JSON when it serves: {"url": ..., "control": ..., "compatibilityDate": ...}.
// `PUT {control}/r2/{key}` puts an object into the bucket, `DELETE` takes it away. It ends when its
// standard input closes, so that it never outlives the test that started it.

import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as readWranglerConfig } from 'wrangler';

/** A fixture is a few MiB; more than this is a mistake of the test. */
const OBJECT_BYTES_MAX = 64 * 1024 * 1024;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const { values } = parseArgs({
  options: {
    config: { type: 'string', default: path.join(root, 'wrangler.toml') },
    front: { type: 'string' },
  },
});
const adminKey = process.env.FIRSTFRAME_ADMIN_KEY;
if (!adminKey) throw new Error('FIRSTFRAME_ADMIN_KEY is not set: the worker needs an admin key');

/** @type {Array<() => unknown>} What to end, last started first. */
const running = [];
process.stdin.resume();
process.stdin.once('close', async () => {
  for (const end of running.reverse()) await end();
  process.exit(0);
});

const { workerOptions, main } = readWranglerConfig(values.config);
const script = main ?? path.join(root, 'edge/build/index.js');
if (!existsSync(script)) {
  throw new Error(`${script} is absent: \`cargo xtask build\` makes it with worker-build`);
}

const front = values.front && path.join(root, 'tests/node', values.front);
// Module names must not leave it.
const modulesRoot = front ? root : path.dirname(script);
const miniflare = new Miniflare({
  ...workerOptions,
  name: 'firstframe',
  host: '127.0.0.1',
  port: 0,
  scriptPath: front ?? script,
  rootPath: modulesRoot,
  modules: true,
  modulesRoot,
  modulesRules: [
    { type: 'ESModule', include: ['**/*.js', '**/*.mjs'] },
    { type: 'CompiledWasm', include: ['**/*.wasm'] },
  ],
  bindings: {
    ...workerOptions.bindings,
    admin_key: adminKey,
    media_keys: `test:${'5a'.repeat(32)}`,
    cors_origins: '*',
    embed_origins: 'https://page.example',
    providers: process.env.FIRSTFRAME_PROVIDERS ?? '[]',
    viewers: process.env.FIRSTFRAME_VIEWERS ?? 'open',
  },
});
running.push(() => miniflare.dispose());
const url = await miniflare.ready;
const bucket = await miniflare.getR2Bucket('MEDIA');

const control = createServer((request, response) => {
  answer(request).then(
    (status) => response.writeHead(status).end(),
    (error) => response.writeHead(500).end(String(error)),
  );
});
running.push(() => control.close());
control.listen(0, '127.0.0.1', () => {
  const address = control.address();
  process.stdout.write(
    `${JSON.stringify({
      url: url.href,
      control: `http://127.0.0.1:${address.port}`,
      compatibilityDate: workerOptions.compatibilityDate,
    })}\n`,
  );
});

/** @param {import('node:http').IncomingMessage} request */
async function answer(request) {
  const key = request.url?.match(/^\/r2\/([\w./-]+)$/)?.[1];
  if (!key) return 404;
  if (request.method === 'DELETE') {
    await bucket.delete(key);
    return 204;
  }
  if (request.method !== 'PUT') return 405;
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > OBJECT_BYTES_MAX) return 413;
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  await bucket.put(key, whole.buffer.slice(whole.byteOffset, whole.byteOffset + length));
  return 201;
}
