// The package for npm: what is in its tarball, and that importing it on a server does nothing.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { unpacked } from './tarball.mjs';

const run = promisify(execFile);

/** @type {Awaited<ReturnType<typeof unpacked>>} */
let package_;
before(async () => {
  package_ = await unpacked();
}, { timeout: 60_000 });
after(() => package_?.remove());

test('tarball has scripts, both wasm modules, types, licenses and a README', () => {
  assert.deepEqual(package_.files, ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'by_headers_bg.wasm',
    'by_index_bg.wasm', 'element.d.ts', 'element.js', 'package.json', 'public-types.d.ts', 'react.d.ts', 'react.js',
    'sink.js', 'worker.js']);
  const { name, private: isPrivate, type, exports } = package_.manifest;
  assert.deepEqual([name, isPrivate, type], ['@firstframe/video', undefined, 'module']);
  for (const { types, default: script } of [exports['.'], exports['./react']]) {
    for (const file of [types, script]) assert.ok(package_.files.includes(file.slice(2)), file);
  }
});

test('scripts name each other, and the wasm, as bundlers understand it', async () => {
  const { text } = package_;
  const quoted = (/** @type {string} */ name) => `["'\`]\\./${name}["'\`]`;
  const element = await text('element.js');
  assert.match(element, new RegExp(`new Worker\\(new URL\\(${quoted('worker.js')},import\\.meta\\.url\\),{type:["'\`]module["'\`]}\\)`));
  assert.match(element, new RegExp(`import\\(${quoted('sink.js')}\\)`));
  const worker = await text('worker.js');
  for (const wasm of ['by_headers_bg.wasm', 'by_index_bg.wasm']) {
    assert.match(worker, new RegExp(`new URL\\(${quoted(wasm)},import\\.meta\\.url\\)`));
  }
  assert.doesNotMatch(worker, /import\(|import["'{]/, 'Vite bundles no worker of several scripts');
  assert.doesNotMatch(await text('element.d.ts'), /\.\.\//);
});

test('import on a server does nothing', async () => {
  const script = "import { FirstframeVideo } from '@firstframe/video'; console.log(typeof FirstframeVideo);";
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: package_.app });
  assert.deepEqual([stdout, stderr], ['function\n', '']);
});
