// Builds what `wrangler deploy` would upload, and uploads nothing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

test('wrangler deploy --dry-run takes wrangler.toml as it is', { timeout: 600_000 }, async () => {
  for (const name of ['WASM_BINDGEN_BIN', 'WASM_OPT_BIN', 'ESBUILD_BIN']) {
    assert.ok(process.env[name], `${name} is not set: run this by \`cargo xtask test\``);
  }
  const out = await mkdtemp(path.join(os.tmpdir(), 'firstframe-deploy-'));
  try {
    const wrangler = path.join(root, 'tests/node/node_modules/wrangler/bin/wrangler.js');
    const run = spawnSync(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', out], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true', NO_COLOR: '1' },
    });
    const output = `${run.stdout}\n${run.stderr}`;
    assert.equal(run.status, 0, output);
    for (const binding of ['env.KV', 'env.MEDIA', 'env.DB']) {
      assert.ok(output.includes(binding), `no ${binding} among the bindings:\n${output}`);
    }
    const files = await readdir(out);
    const wasm = files.find((name) => name.endsWith('.wasm'));
    assert.ok(files.includes('index.js') && wasm, `what would be uploaded: ${files}`);
    const magic = (await readFile(path.join(out, wasm))).subarray(0, 4).toString('latin1');
    assert.equal(magic, '\0asm');
    console.log(output.match(/Total Upload: .*/)?.[0] ?? 'wrangler prints no size');
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});
