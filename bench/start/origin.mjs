// What lies behind the link: the bench's page and what the players need as files, and the edge.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Agent, createServer, request as send } from "node:http";
import path from "node:path";

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".mp4": "video/mp4",
  ".m4s": "video/mp4",
  ".mpd": "application/dash+xml",
  ".m3u8": "application/vnd.apple.mpegurl",
};

/**
 * @param {{ folders: Record<string, string>, edge: () => URL,
 *   documents: Record<string, { html: string, headers: Record<string, string> }> }} options folders by the
 *   first part of a path, documents by their paths; all else is the edge's, which may come later
 */
export async function origin({ folders, edge, documents }) {
  const agent = new Agent({ keepAlive: true });
  /** @type {string[]} Targets of requests so far. */
  const requests = [];
  const server = createServer(async (request, response) => {
    requests.push(request.url ?? "");
    const { pathname } = new URL(request.url ?? "/", "http://origin");
    const [, first, ...rest] = pathname.split("/");
    const made = documents[pathname];
    if (made) {
      return response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...made.headers }).end(made.html);
    }
    const folder = folders[first];
    if (folder) return file(path.join(folder, path.normalize(`/${rest.join("/")}`)), request, response);
    const { method, headers } = request;
    const { hostname: host, port } = edge();
    const forwarded = send({ agent, method, headers, host, port, path: request.url }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    response.on("close", () => forwarded.destroy());
    request.pipe(forwarded);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    port,
    /** The requests since it was asked the last time. */
    takeRequests: () => requests.splice(0),
    close: () => server.close(),
  };
}

/**
 * @param {string} name @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
async function file(name, request, response) {
  const size = await stat(name).then((found) => found.size, () => undefined);
  if (size === undefined) return response.writeHead(404).end();
  const type = TYPES[path.extname(name)] ?? "application/octet-stream";
  const headers = { "accept-ranges": "bytes", "content-type": type, "cache-control": "no-store" };
  const closed = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
  const [start, end] = !closed
    ? [0, size]
    : closed[1] === ""
      ? [Math.max(0, size - Number(closed[2])), size]
      : [Number(closed[1]), closed[2] === "" ? size : Math.min(size, Number(closed[2]) + 1)];
  if (start >= end) {
    return response.writeHead(size ? 416 : 200, { "content-range": `bytes */${size}` }).end();
  }
  const range = closed ? { "content-range": `bytes ${start}-${end - 1}/${size}` } : {};
  response.writeHead(closed ? 206 : 200, { ...headers, ...range, "content-length": end - start });
  if (request.method === "HEAD") return response.end();
  const stream = createReadStream(name, { start, end: end - 1, highWaterMark: 1 << 16 });
  response.on("close", () => stream.destroy());
  stream.pipe(response);
}
