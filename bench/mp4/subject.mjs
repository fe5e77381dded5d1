// One subject, one case, in a process of its own: `subject.mjs SUBJECT CASE FILMS WASM`.

import { readFileSync } from "node:fs";
import path from "node:path";
import { Film } from "./film.mjs";

const [subject, name, films, wasm] = process.argv.slice(2);

/** @param {string} part */
const read = (part) => new Uint8Array(readFileSync(path.join(films, `${name}.${part}`)));

const film = new Film({
  head: read("head"),
  media: read("media"),
  repeats: Number(new TextDecoder().decode(read("repeats"))),
  tail: read("tail"),
});

/** @param {string} file */
const compile = (file) => WebAssembly.compile(readFileSync(path.join(wasm, file)));

/** Whether the others shall remux the case: ten hours of it are minutes of waiting. */
const withRemux = name !== "10h";

/** @type {Record<string, () => Promise<Record<string, number>>>} */
const subjects = {
  firstframe: async () =>
    (await import("./firstframe.mjs")).firstframe(film, await compile("firstframe.wasm")),
  memcpy: async () =>
    (await import("./firstframe.mjs")).memcpy(film, await compile("firstframe.wasm")),
  mediabunny: async () => (await import("./peers.mjs")).mediabunny(film, withRemux),
  "mp4box.js": async () => (await import("./peers.mjs")).mp4box(film, withRemux),
  mp4: async () => (await import("./peers.mjs")).crate(film, await compile("bench_mp4.wasm")),
  re_mp4: async () => (await import("./peers.mjs")).crate(film, await compile("bench_re_mp4.wasm")),
};

console.log(JSON.stringify(await subjects[subject]()));
