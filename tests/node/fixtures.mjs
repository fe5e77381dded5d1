// Films that show their own frame number. ffmpeg makes each recipe once, in target/fixtures.
//
//   node fixtures.mjs     makes all of them and prints where they are

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CELL, COLUMNS, ROWS, frameRows } from './frames.mjs';

/** Frames a second of every film here. */
export const RATE = 24;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = path.join(root, 'target/fixtures');

/**
 * @typedef {object} Recipe
 * @property {number} seconds
 * @property {number} first number in the first picture, so that two films differ in every picture
 * @property {'head' | 'tail' | 'none'} moov or none of its samples in it
 */

/** The films, by name. @type {Record<string, Recipe>} */
const RECIPES = {
  'index-first': { seconds: 60, first: 0, moov: 'head' },
  'index-last': { seconds: 60, first: 0, moov: 'tail' },
  'another-film': { seconds: 60, first: 2000, moov: 'tail' },
  'in-fragments': { seconds: 20, first: 0, moov: 'none' },
};

/** Grain as strong as this makes about 1 Mbit/s of the film, as a small real film has. */
const FILTER = `scale=${COLUMNS * CELL}:${ROWS * CELL}:flags=neighbor,noise=alls=24:allf=t,format=yuv420p`;

/** @param {Recipe} recipe @param {string} out */
function ffmpegArguments({ seconds, moov }, out) {
  return [
    '-hide_banner', '-loglevel', 'error', '-y',
    '-f', 'rawvideo', '-pixel_format', 'gray', '-video_size', `${COLUMNS}x${ROWS}`,
    '-framerate', `${RATE}`, '-i', 'pipe:0',
    '-f', 'lavfi', '-i', `sine=frequency=330:sample_rate=48000:duration=${seconds}`,
    '-map', '0:v', '-map', '1:a', '-vf', FILTER,
    // B-frames always three in a row and key frames every four seconds: seeks must reorder and
    // must go back to a key frame.
    '-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '1000k', '-maxrate', '1200k', '-bufsize', '1500k',
    '-g', '96', '-bf', '3', '-x264-params', 'b-adapt=0:scenecut=0', '-threads', '2',
    '-c:a', 'aac', '-b:a', '128k', '-ac', '2',
    '-map_metadata', '-1', '-fflags', '+bitexact', '-flags', '+bitexact',
    ...(moov === 'head' ? ['-movflags', '+faststart'] : []),
    ...(moov === 'none' ? ['-movflags', '+frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets'] : []),
    '-f', 'mp4', out,
  ];
}

/** @param {string} name @param {Recipe} recipe */
async function make(name, recipe) {
  const arguments_ = ffmpegArguments(recipe, '');
  const hash = createHash('sha256').update(JSON.stringify([recipe, arguments_])).digest('hex');
  const out = path.join(folder, hash.slice(0, 16), `${name}.mp4`);
  if (existsSync(out)) return out;
  await mkdir(path.dirname(out), { recursive: true });
  const unfinished = `${out}.${process.pid}.part`;
  const ffmpeg = spawn('ffmpeg', ffmpegArguments(recipe, unfinished), {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const ended = new Promise((resolve, reject) => {
    ffmpeg.once('error', (error) => reject(new Error(`ffmpeg cannot be run: ${error.message}`)));
    ffmpeg.once('close', resolve);
  });
  // Where ffmpeg ends early its exit status tells why.
  ffmpeg.stdin.on('error', () => {});
  for (let frame = 0; frame < recipe.seconds * RATE; frame += 1) {
    if (!ffmpeg.stdin.write(frameRows(recipe.first + frame))) {
      await Promise.race([new Promise((resolve) => ffmpeg.stdin.once('drain', resolve)), ended]);
    }
  }
  ffmpeg.stdin.end();
  const status = await ended;
  if (status !== 0) {
    await rm(unfinished, { force: true });
    throw new Error(`ffmpeg ended with ${status} while it made ${name}`);
  }
  await rename(unfinished, out);
  return out;
}

/** Path of a film, made when it is not there. @param {keyof typeof RECIPES} name */
export function film(name) {
  const recipe = RECIPES[name];
  if (!recipe) throw new Error(`no film is called ${name}`);
  return make(name, recipe);
}

/** The number in the picture that a film shows at a time. @param {string} name @param {number} seconds */
export function numberAt(name, seconds) {
  const recipe = RECIPES[name];
  if (!recipe) throw new Error(`no film is called ${name}`);
  // A hair later than the time: the picture that begins at it is the one that is shown.
  const frame = Math.floor(seconds * RATE + 1e-3);
  return recipe.first + Math.min(frame, recipe.seconds * RATE - 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of Object.keys(RECIPES)) console.log(await film(name));
}
