// Ours, as the page has it.

import { put } from "./page.mjs";

export async function prepare() {
  const page = await (await fetch("/")).text();
  const preloads = page.matchAll(/<link rel="(modulepreload|preload)"[^>]+>/g);
  for (const [link] of preloads) document.head.append(document.createRange().createContextualFragment(link));
  await import(/\/assets\/element\.[0-9a-f]+\.js/.exec(page)[0]);
  await new Promise((resolve) => setTimeout(resolve, 500));
}

export function start(stage, film, at) {
  const element = put(stage, "firstframe-video");
  if (at) element.start = at;
  element.muted = true;
  element.autoplay = true;
  element.episode = film.episode;
  return { video: element.video, next: (film) => { element.start = 0; element.episode = film.episode; } };
}
