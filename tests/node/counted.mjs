// The Worker behind a fence: `/crossed` tells how many bytes have come by it so far.

import { crossed } from './fence.mjs';
import Worker from '../../edge/build/index.js';

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === '/crossed') return new Response(`${crossed()}`);
    return new Worker(context, env).fetch(request);
  },
};
