// `bench.mjs FOLDER CLIP FILM FIRSTFRAME [--rtt-ms N] [--mbit N] [--runs N] [--case NAME]…
// [--subject NAME]… [--protocol http1|h2]`: measures the time from a click, or from opening a link, to the
// first frame, and prints one JSON object a line.
//
// Each run is a browser context of its own. The figure is the median of the runs.

import { createHmac } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import puppeteer from "puppeteer-core";
import { key, publish, serve } from "../../tests/node/firstframe.mjs";
import { LINK_SUBJECTS, coldDocument, openLink, siteDocument } from "./cold.mjs";
import { FILMS, SEASON, at70, makeFilms } from "./films.mjs";
import { openHome, staticHome } from "./home.mjs";
import { link } from "./link.mjs";
import { origin } from "./origin.mjs";
import { plot } from "./plot.mjs";
import { tls } from "./tls.mjs";

const SUBJECTS = [
  "firstframe", "floor", "native", "hls.js", "shaka", "dash.js", "mediabunny", "mp4box.js", "xgplayer-mp4",
  "link-floor", "static",
];
/** Cases that begin to play; each also over a connection that is not there yet. */
const STARTS = [
  "10min-head", "10min-tail", "24min-tail", "2h-head", "2h-tail", "2h-tail-resume", "2h-fragmented", "2h-fragmented-resume",
];
/** Links, opened by somebody who was never here: case, and film. */
const LINKS = {
  "link-10min": "10min-tail", "link-24min": "24min-tail", "link-2h": "2h-tail", "link-2h-resume": "2h-tail",
  "embed-10min": "10min-tail",
};
/** The first view of the library, beside a page without scripts. */
const HOME = "home";
const HOME_SUBJECTS = ["firstframe", "static"];
/** A provider's film of which the edge has stored nothing: every subject has the same upstream. */
const UPSTREAM = "2h-upstream";
const CASES = [...STARTS.flatMap((name) => [name, `${name}-cold`]), "10min-seek", "2h-seek", "next", "rested", UPSTREAM, "season", ...Object.keys(LINKS), HOME];
/** The floor has one file, for one time. Only firstframe goes from one episode to the next. */
const isLeftOut = (subject, name) =>
  (name === HOME ? !HOME_SUBJECTS.includes(subject) : subject === "static") ||
  (name in LINKS ? !LINK_SUBJECTS.includes(subject) : subject === "link-floor") ||
  (subject === "floor" && !STARTS.some((start) => name.startsWith(start))) || name === "season";
/** The playback rate of a season: half of what the link carries. */
const SEASON_RATE = 6;
/** A subject that takes longer is left out of the case, and named on standard error. */
const SECONDS_MAX = 30;
/** A film plays so long before the viewer seeks. */
const SETTLE_MS = 3000;
/** The pointer rests on a card so long before the click. */
const REST_MS = 300;
const CODECS = 'video/mp4; codecs="avc1.64001f, mp4a.40.2"';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "rtt-ms": { type: "string", default: "60" },
    mbit: { type: "string", default: "20" },
    runs: { type: "string", default: "5" },
    case: { type: "string", multiple: true, default: CASES },
    subject: { type: "string", multiple: true, default: SUBJECTS },
    plot: { type: "string" },
    protocol: { type: "string", default: "http1" },
  },
});
const [folder, clip, film, firstframe] = positionals;
process.env.FIRSTFRAME_BIN = path.resolve(firstframe);
const here = import.meta.dirname;

/**
 * Serves the published library, and one film of it also as a provider's.
 * @param {number} port of the provider
 */
async function edge(port) {
  const origins = [`http://127.0.0.1:${port}`];
  const provider = { id: "upstream", origins, bases: [`${origins[0]}/library/`], private: true };
  const providers = path.join(folder, "providers.json");
  await writeFile(providers, JSON.stringify([provider]));
  const { url, data, stop } = await serve(["--cors-origins", "*", "--providers", providers, "--allowed-outbound-hosts", origins[0]], folder);
  const { status, output } = await publish(data, path.join(folder, "library"));
  if (status !== 0) throw new Error(`publish failed:\n${output}`);
  const adminKey = await key(data, "admin_key");
  /** A request with the admin key. @param {string} method @param {string} what @param {object} [body] */
  const admin = async (method, what, body) => {
    const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
    const answer = await fetch(new URL(`/api/v2/admin/${what}`, url), { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).data;
  };
  const { id } = await admin("POST", "sources", { provider: "upstream", file: "2h-tail.mp4" });
  const query = signature(await key(data, "media_keys"), id);
  const upstream = { src: `/api/v2/media/${id}${query}`, headers: `/api/v2/headers/${id}${query}` };
  return { url, stop, upstream, purge: () => admin("DELETE", "startup") };
}

/** The query of a signed URL. @param {string} mediaKeys @param {string} id */
function signature(mediaKeys, id) {
  const [, name, secret] = mediaKeys.match(/^([^:]+):([0-9a-f]+)/);
  const expires = Math.floor(Date.now() / 1000) + 36_000;
  const signed = `firstframe 1\nmedia\n${id}\n${expires}\n${name}`;
  return `?e=${expires}&k=${name}&s=${createHmac("sha256", Buffer.from(secret, "hex")).update(signed).digest("hex")}`;
}

/** @param {string} name of a film @param {number} at */
function addresses(name, at) {
  const { minutes } = FILMS.find((film) => film.name === name);
  return {
    mp4: `/library/${name}.mp4`,
    hls: `/packaged/${minutes}/master.m3u8`,
    dash: `/packaged/${minutes}/manifest.mpd`,
    floor: `/floor/${minutes}-${at}.mp4`,
    episode: `bench.${FILMS.findIndex((film) => film.name === name) + 1}`,
    codecs: CODECS,
  };
}

/** @param {string} name of a case */
function plan(name) {
  const start = name === UPSTREAM ? "2h-tail" : STARTS.find((start) => name === start || name === `${start}-cold`);
  const kind = start ? "start" : name === "next" || name === "rested" ? name : "seek";
  const film = FILMS.findLast((film) => (start ?? `${name.split("-")[0]}-tail`).startsWith(film.name));
  const found = film ?? FILMS.find((film) => film.name === "10min-tail");
  const resumes = name.includes("-resume") || kind === "seek";
  return { kind, film: found.name, minutes: found.minutes, at: resumes ? at70(found.minutes) : 0, isCold: name.endsWith("-cold") };
}

/** Counts from here. */
function mark() {
  between.mark();
  behind.takeRequests();
}

/** What came since then, and was requested. */
function traffic() {
  const requests = behind.takeRequests();
  return { before_first_frame_bytes: between.bytes(), before_first_frame_requests: requests.length, requests };
}

/** The first view is opened in a new profile. */
async function atHome(browser, subject) {
  if (subject === "static") documents["/cold/home"] ??= await staticHome(served.url);
  const context = await browser.createBrowserContext();
  try {
    between.dropAll();
    return await openHome(await context.newPage(), new URL(subject === "static" ? "/cold/home" : "/", between.url).href);
  } finally {
    await context.close();
  }
}

/** A link is opened in a new profile. */
async function opened(browser, subject, name) {
  const film = FILMS.find((film) => film.name === LINKS[name]);
  const at = name.endsWith("-resume") ? at70(film.minutes) : 0;
  const found = addresses(film.name, at);
  const isEmbedded = name.startsWith("embed-");
  const ours = `/${isEmbedded ? "embed" : "watch"}/${found.episode}`;
  const target = subject === "firstframe" ? ours : `/cold/${subject}/${name}`;
  if (subject !== "firstframe") documents[target] = coldDocument(subject, found, at);
  if (isEmbedded) documents["/site"] = siteDocument(target);
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    between.dropAll();
    mark();
    const what = { episode: found.episode, at, duration: film.minutes * 60, from: at && at - 1.1 };
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`no frame in ${SECONDS_MAX} s`)), SECONDS_MAX * 1000));
    const first_frame_ms = await Promise.race([openLink(page, new URL(isEmbedded ? "/site" : target, between.url).href, what), late]);
    return { first_frame_ms, ...traffic() };
  } finally {
    await context.close();
  }
}

/** @param {import("puppeteer-core").Browser} browser @param {string} subject @param {string} name */
async function once(browser, subject, name) {
  const { kind, film, minutes, at, isCold } = plan(name);
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    const said = [];
    page.on("console", (message) => message.type() === "error" && said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    await page.goto(new URL("/page/index.html", between.url).href);
    await page.evaluate((subject) => bench.prepare(subject), subject);
    // The key frame of a group of two seconds, in whose middle `at` is.
    const from = at && at - 1.1;
    const following = addresses("10min-next", 0);
    const first = { ...addresses(film, kind === "start" ? at : 0), next: kind === "next" ? following.episode : "" };
    if (name === UPSTREAM) {
      await served.purge();
      Object.assign(first, served.upstream);
    }
    const run = (...what) => {
      const shown = page.evaluate((verb, ...args) => bench[verb](...args), ...what);
      const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`no frame in ${SECONDS_MAX} s ${said.join("; ")}`)), SECONDS_MAX * 1000));
      return Promise.race([shown, late]);
    };
    if (kind === "rested") {
      await page.evaluate((film) => bench.rest(film), first);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    } else if (kind === "start") {
      if (isCold) {
        between.dropAll();
        await new Promise((resolve) => setTimeout(resolve, 300));
      } else {
        await page.evaluate(() => bench.openConnections());
      }
    } else {
      const near = kind === "next" ? minutes * 60 * 0.85 : 0;
      await run("start", first, near, near && near - 2.1);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    }
    mark();
    const first_frame_ms =
      kind === "start" || kind === "rested" ? await run("start", first, at, from)
      : kind === "seek" ? await run("seek", at, from)
      : await run("next", following);
    return { first_frame_ms, ...traffic() };
  } finally {
    await context.close();
  }
}

/**
 * A viewer walks through a season, every episode to its end: how long the slowest start after the
 * first took, and which share of what came over the link is in no episode.
 */
async function season(browser) {
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    await page.goto(new URL("/page/index.html", between.url).href);
    await page.evaluate(() => bench.prepare("firstframe"));
    await page.evaluate(() => bench.openConnections());
    const films = SEASON.map((_, i) => ({ episode: `season.${i + 1}`, next: i + 1 < SEASON.length ? `season.${i + 2}` : "" }));
    mark();
    const times = await page.evaluate((films, rate) => bench.walk(films, rate), films, SEASON_RATE);
    const bytes = between.bytes();
    const sizes = await Promise.all(SEASON.map(({ name }) => stat(path.join(folder, "library", `${name}.mp4`))));
    const watched = sizes.reduce((sum, { size }) => sum + size, 0);
    return { first_frame_ms: Math.max(...times), in_vain_percent: Math.max(0, (100 * (bytes - watched)) / bytes) };
  } finally {
    await context.close();
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

await makeFilms({ folder, clip, film });
const folders = {
  page: path.join(here, "page"),
  modules: path.join(here, "node_modules"),
  ...Object.fromEntries(["library", "packaged", "floor"].map((name) => [name, path.join(folder, name)])),
};
/** @type {Awaited<ReturnType<typeof edge>>} */
let served;
/** Documents of the cases `link-…`, by their paths. */
const documents = {};
const behind = await origin({ folders, edge: () => served.url, documents });
served = await edge(behind.port);
const isH2 = options.protocol === "h2";
const front = isH2 ? await tls({ port: behind.port, folder: path.resolve(folder, "tls") }) : undefined;
const between = await link({ scheme: isH2 ? "https" : "http", port: front?.port ?? behind.port, rttMs: Number(options["rtt-ms"]), mbit: Number(options.mbit) });
const browser = await puppeteer.launch({
  // A season takes minutes.
  protocolTimeout: 1_200_000,
  executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--mute-audio",
    "--autoplay-policy=no-user-gesture-required", ...(front?.flags ?? [])],
});
const figures = [];
try {
  for (const name of options.case) {
    /** @type {Record<string, Record<string, number>[]>} */
    const runs = {};
    // Side by side: each subject once, then each again.
    for (let i = 0; i < Number(options.runs); i++) {
      for (const subject of options.subject) {
        if (isLeftOut(subject, name) || (subject in runs && runs[subject].length < i)) continue;
        try {
          const measure = name === HOME ? atHome : name in LINKS ? opened : once;
          const { requests, ...values } = await measure(browser, subject, name);
          if (process.env.BENCH_REQUESTS) console.error(name, subject, values, requests);
          (runs[subject] ??= []).push(values);
        } catch (error) {
          console.error(`${subject} is left out of ${name}: ${error.message.split("\n")[0]}`);
          runs[subject] ??= [];
        }
      }
    }
    if (name === "season" && options.subject.includes("firstframe")) {
      runs.firstframe = Array(Number(options.runs)).fill(await season(browser));
    }
    for (const [subject, values] of Object.entries(runs)) {
      if (values.length < Number(options.runs)) continue;
      for (const metric of Object.keys(values[0])) {
        const value = median(values.map((run) => run[metric]));
        const figure = { bench: "start", case: name, subject, metric, value };
        figures.push(figure);
        console.log(JSON.stringify(figure));
      }
    }
  }
} finally {
  await browser.close();
  between.close();
  await front?.close();
  behind.close();
  await served.stop();
}
if (options.plot) {
  const like = `${options["rtt-ms"]} ms round trip, ${options.mbit} Mbit/s${isH2 ? ", HTTP/2" : ""}`;
  await writeFile(options.plot, plot(figures, like));
}
process.exit(0);
