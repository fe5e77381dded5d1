// Ours, as the page has it.

import { put } from "./page.mjs";

export async function prepare() {
  const page = await (await fetch("/")).text();
  const preloads = page.matchAll(/<link rel="(modulepreload|preload)"[^>]+>/g);
  for (const [link] of preloads) document.head.append(document.createRange().createContextualFragment(link));
  let file = /\/assets\/element\.[0-9a-f]+\.js/.exec(page)[0];
  const { FirstframeVideo } = await import(file);
  try {
    FirstframeVideo.prepare();
  } catch {
    // A player of an older tree, beside which this one may be measured, has started its worker by itself.
  }
  // The worker and its wasm, as the page does it when it has nothing else to do.
  for (const name of [/worker\.[0-9a-f]+\.js/, /by_headers_bg\.[0-9a-f]+\.wasm/]) {
    const script = await (await fetch(file)).text();
    file = `/assets/${name.exec(script)[0]}`;
  }
  await (await fetch(file)).arrayBuffer();
  await new Promise((resolve) => setTimeout(resolve, 500));
}

/** As the page does it while the pointer rests on a card. */
export const rest = (film) => customElements.get("firstframe-video").prepare({ episode: film.episode });

export function start(container, film, at) {
  const element = put(container, "firstframe-video");
  if (at) element.start = at;
  element.muted = true;
  element.autoplay = true;
  if (film.src) Object.assign(element, { src: film.src, headers: film.headers });
  else element.episode = film.episode;
  if (film.next) element.next = film.next;
  return { video: element.video, next: (film) => { element.start = 0; element.episode = film.episode; element.next = film.next ?? ""; } };
}
