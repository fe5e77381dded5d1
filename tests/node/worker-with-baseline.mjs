// The Worker, and beside it the least that any worker does for the same answers: what `bench cpu`
// takes off.

import Worker from '../../edge/build/index.js';

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith('/plain/')) return new Worker(context, env).fetch(request);
    const number = (name) => Number(searchParams.get(name));
    const length = number('length');
    if (pathname === '/plain/bytes') return new Response(new Uint8Array(length));
    const key = pathname.slice('/plain/'.length);
    const object = await env.MEDIA.get(key, { range: { offset: number('offset'), length } });
    return new Response(object.body, { headers: { 'content-length': `${length}` } });
  },
};
