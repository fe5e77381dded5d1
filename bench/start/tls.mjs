// nginx with TLS and HTTP/2 in front of the origin, by a certificate that Chromium takes for a good one.

import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { freePort, settings, startServer } from "../../tests/node/process.mjs";

const run = promisify(execFile);

/** The hash of a certificate's key, as Chromium's flag has it. */
const KEY_HASH = 'openssl x509 -in "$0" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64';

/** @param {{ port: number, folder: string }} options port of the origin, and where nginx has its files */
export async function tls({ port: origin, folder }) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const [key, certificate] = ["key.pem", "certificate.pem"].map((name) => path.join(folder, name));
  await run("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
  ]);
  const { stdout } = await run("sh", ["-c", KEY_HASH, certificate]);
  const port = await freePort();
  const file = await settings(new URL("tls.conf", import.meta.url), folder, { FOLDER: folder, PORT: port, ORIGIN: origin });
  const close = await startServer(["nginx", "-p", folder, "-c", file], port);
  return { port, close, flags: [`--ignore-certificate-errors-spki-list=${stdout.trim()}`] };
}
