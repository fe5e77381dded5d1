// The half of `cargo xtask bench mp4` that runs in Node and Chromium: `bench.mjs FILMS WASM` prints
// one JSON object a line. Each subject has a process of its own; of Firstframe and the memcpy the
// slower of Node and Chromium counts. The others run in Node alone: they can only gain by that.

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { inChromium } from "./chromium.mjs";

const CASES = ["10min", "2h", "10h"];
const PEERS = ["mediabunny", "mp4box.js", "mp4", "re_mp4"];
const OURS = ["firstframe", "memcpy"];
const MINUTES_MAX = 10;

const [films, wasm] = process.argv.slice(2);
const here = import.meta.dirname;
const run = promisify(execFile);

/** @param {string} subject @param {string} name */
async function inNode(subject, name) {
  const node = ["--expose-gc", "--max-old-space-size=8192"];
  const script = [path.join(here, "subject.mjs"), subject, name, films, wasm];
  const options = { timeout: MINUTES_MAX * 60_000, maxBuffer: 1 << 24 };
  try {
    const { stdout } = await run(process.execPath, [...node, ...script], options);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
  } catch (error) {
    const why = error.killed ? `it took more than ${MINUTES_MAX} minutes` : `${error.stderr || error}`;
    console.error(`${subject} is left out of ${name}: ${why.trim().split("\n").slice(-6).join(" ")}`);
    return {};
  }
}

/** @param {string} metric */
const moreIsBetter = (metric) => metric === "remux_mb_s";

/** @param {string} subject @param {string} name @param {Record<string, number>} values */
function tell(subject, name, values) {
  for (const [metric, value] of Object.entries(values)) {
    console.log(JSON.stringify({ bench: "mp4", case: name, subject, metric, value }));
  }
}

const browser = await inChromium(CASES, [here, films, wasm]);
for (const name of CASES) {
  for (const subject of OURS) {
    const node = await inNode(subject, name);
    const slower = Object.entries(node).map(([metric, value]) => {
      const other = browser[name][subject][metric];
      return [metric, moreIsBetter(metric) ? Math.min(value, other) : Math.max(value, other)];
    });
    tell(subject, name, Object.fromEntries(slower));
  }
  for (const subject of PEERS) tell(subject, name, await inNode(subject, name));
}
