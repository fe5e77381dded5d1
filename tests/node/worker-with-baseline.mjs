// The Worker, and beside it the baseline of `bench cpu`: the least that any worker does to send as many
// bytes from the same sources.

import Worker from '../../edge/build/index.js';

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith('/baseline/')) return new Worker(context, env).fetch(request);
    const number = (name) => Number(searchParams.get(name));
    const length = number('length');
    if (pathname === '/baseline/bytes') return new Response(new Uint8Array(length));
    const key = pathname.slice('/baseline/'.length);
    const object = await env.MEDIA.get(key, { range: { offset: number('offset'), length } });
    return new Response(object.body, { headers: { 'content-length': `${length}` } });
  },
};
