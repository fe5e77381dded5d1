// Firstframe and the memcpy in a real browser.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import puppeteer from "puppeteer-core";

const TYPES = { ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

// An isolated page has a clock of 5 us; any other, of 100 us.
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * Serves the folders, the first that has a file.
 * @param {string[]} folders
 */
async function serve(folders) {
  const server = createServer(async ({ url }, response) => {
    const name = path.basename(new URL(url ?? "/", "http://localhost").pathname);
    response.setHeaders(new Headers(ISOLATED));
    response.setHeader("content-type", TYPES[path.extname(name)] ?? "application/octet-stream");
    if (name === "") return response.setHeader("content-type", "text/html").end("<!doctype html>");
    for (const folder of folders) {
      const bytes = await readFile(path.join(folder, name)).catch(() => undefined);
      if (bytes) return response.end(bytes);
    }
    response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return server;
}

/**
 * What both subjects come to, by case.
 * @param {string[]} cases @param {string[]} folders
 */
export async function inChromium(cases, folders) {
  const server = await serve(folders);
  const executablePath = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
  const browser = await puppeteer.launch({ executablePath, args, protocolTimeout: 600_000 });
  try {
    /** @type {Record<string, Record<string, Record<string, number>>>} */
    const results = {};
    for (const name of cases) {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      results[name] = await page.evaluate(measure, name);
      await page.close();
    }
    return results;
  } finally {
    await browser.close();
    server.close();
  }
}

/* In the page. */
async function measure(name) {
  const { Film } = await import("/film.mjs");
  const { firstframe, memcpy } = await import("/firstframe.mjs");
  const read = async (part) =>
    new Uint8Array(await (await fetch(`/${name}.${part}`)).arrayBuffer());
  const film = new Film({
    head: await read("head"),
    media: await read("media"),
    repeats: Number(new TextDecoder().decode(await read("repeats"))),
    tail: await read("tail"),
  });
  const module = await WebAssembly.compileStreaming(fetch("/firstframe.wasm"));
  return { firstframe: await firstframe(film, module), memcpy: await memcpy(film, module) };
}
