// The Worker with a meter between it and its wasm: `/copied-bytes` answers how many bytes were copied so far.

import { copiedBytes } from './memory-meter.mjs';
import Worker from '../../edge/build/index.js';

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === '/copied-bytes') return new Response(`${copiedBytes()}`);
    return new Worker(context, env).fetch(request);
  },
};
