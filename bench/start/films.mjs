// The films of the bench: plain, packaged, and as little of them as a first frame needs.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { TITLES, makePictures } from "./home.mjs";

const run = promisify(execFile);

/** One repetition of the clip. */
const CLIP_SECONDS = 30;
/** Where `resume` begins and `seek` goes: 70 %, and in the middle of a group of pictures. */
export const at70 = (minutes) => minutes * 60 * 0.7 + 1;
/** The pictures that Chromium wants to have before it shows the first, with three B-frames. */
const FLOOR_FRAMES = 6;
/** Length of a segment of the HLS and DASH copies. */
const SEGMENT_SECONDS = 4;

/** In order: the second of 10 minutes is what `next` goes to. */
export const FILMS = [
  { name: "10min-head", minutes: 10, moov: "head" },
  { name: "10min-tail", minutes: 10, moov: "tail" },
  { name: "10min-next", minutes: 10, moov: "tail" },
  { name: "24min-tail", minutes: 24, moov: "tail" },
  { name: "2h-head", minutes: 120, moov: "head" },
  { name: "2h-tail", minutes: 120, moov: "tail" },
  { name: "2h-fragmented", minutes: 120, moov: "fragmented" },
];
/** Twelve episodes of one to three and a half minutes, every other with its index at the head. */
export const SEASON = Array.from({ length: 12 }, (_, i) => ({
  name: `season-${i + 1}`, minutes: 1 + Math.floor(i / 2) / 2, moov: i % 2 ? "head" : "tail",
}));
const LENGTHS = [...new Set(FILMS.map((film) => film.minutes))];

/** @param {string} out @param {(part: string) => Promise<unknown>} make writes to the temporary path that it gets */
async function once(out, make) {
  if (existsSync(out)) return;
  const part = `${out}.part`;
  await rm(part, { recursive: true, force: true });
  await make(part);
  await rename(part, out);
}

/** A `moof` for each group of pictures, and neither `sidx` nor `mfra`. @param {string} source @param {string} out */
function fragment(source, out) {
  const flags = "frag_keyframe+empty_moov+default_base_moof+skip_trailer";
  return run("ffmpeg", ["-v", "error", "-i", source, "-c", "copy", "-movflags", flags, "-f", "mp4", out]);
}

/**
 * Makes what is missing in `folder`.
 * @param {{ folder: string, clip: string, film: string }} options the clip, and the program that
 *   repeats it
 */
export async function makeFilms({ folder, clip, film }) {
  const library = path.join(folder, "library");
  for (const name of ["library", "packaged", "floor"]) await mkdir(path.join(folder, name), { recursive: true });
  for (const { name, minutes, moov } of [...FILMS, ...SEASON]) {
    const repeats = `${(minutes * 60) / CLIP_SECONDS}`;
    const plain = (part) => run(film, [clip, repeats, moov, part]);
    const fragmented = (part) => fragment(path.join(library, `${minutes / 60}h-tail.mp4`), part);
    await once(path.join(library, `${name}.mp4`), moov === "fragmented" ? fragmented : plain);
  }
  const title = (id, films) => [
    `[[titles]]\nid = "${id}"\ntitle = "${id}"\n`,
    ...films.map(
      ({ name }, i) => `[[titles.episodes]]\nfile = "${name}.mp4"\nnumber = ${i + 1}\ntitle = "${name}"\n`,
    ),
  ];
  await makePictures(library, clip);
  const shown = TITLES.map(({ name, film }) =>
    `[[titles]]\nid = "${name}"\ntitle = "${name}"\nfile = "${film}.mp4"\ncover = "${name}.jpg"\n`);
  const titles = [...title("bench", FILMS), ...title("season", SEASON), ...shown];
  await writeFile(path.join(library, "catalog.toml"), titles.join("\n"));
  for (const minutes of LENGTHS) {
    const source = path.join(library, `${FILMS.find((film) => film.minutes === minutes)?.name}.mp4`);
    await once(path.join(folder, "packaged", `${minutes}`), (part) => pack(source, part));
    for (const at of [0, at70(minutes)]) {
      await once(path.join(folder, "floor", `${minutes}-${at}.mp4`), (part) => floor(source, at, part));
    }
  }
}

/** HLS and DASH over the same segments. @param {string} source @param {string} folder */
async function pack(source, folder) {
  await mkdir(folder);
  const dash = ["-f", "dash", "-seg_duration", `${SEGMENT_SECONDS}`, "-hls_playlist", "1"];
  const out = path.join(folder, "manifest.mpd");
  await run("ffmpeg", ["-v", "error", "-i", source, "-map", "0", "-c", "copy", ...dash, out]);
}

/** @param {string} source @param {number} at @param {string} out */
async function floor(source, at, out) {
  const flags = "empty_moov+default_base_moof+frag_every_frame+negative_cts_offsets+frag_discont+skip_trailer";
  const output = ["-copyts", "-frames:v", `${FLOOR_FRAMES}`, "-movflags", flags, "-f", "mp4", out];
  await run("ffmpeg", ["-v", "error", "-ss", `${at}`, "-i", source, "-map", "0:v", "-c", "copy", ...output]);
}
