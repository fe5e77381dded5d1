// mediabunny: its reader and its writer of fragments, with as little between as will do.

import * as mb from "/modules/mediabunny/dist/bundles/mediabunny.mjs";
import { appender, put } from "./page.mjs";

/** No fragment waits longer than this: the first frame is in the first one. */
const FRAGMENT_SECONDS = 0.2;
const AHEAD_SECONDS = 30;

export function start(container, film, at) {
  const video = put(container);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  const opened = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  play(video, source, opened, film, at).catch((error) => console.error(error));
  return { video };
}

async function play(video, source, opened, film, at) {
  const input = new mb.Input({ source: new mb.UrlSource(new URL(film.mp4, location.href)), formats: [mb.MP4] });
  const tracks = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
  const sinks = tracks.map((track) => new mb.EncodedPacketSink(track));
  const [picture, sound] = await Promise.all(sinks.map((sink) => sink.getKeyPacket(at)));
  await opened;
  source.duration = await input.computeDuration();
  const append = appender(source.addSourceBuffer(film.codecs));
  const sink = new WritableStream({ write: ({ data }) => append(data) });
  const format = new mb.Mp4OutputFormat({ fastStart: "fragmented", minimumFragmentDuration: FRAGMENT_SECONDS });
  const output = new mb.Output({ format, target: new mb.StreamTarget(sink) });
  const pictures = new mb.EncodedVideoPacketSource(tracks[0].codec);
  const sounds = new mb.EncodedAudioPacketSource(tracks[1].codec);
  output.addVideoTrack(pictures);
  output.addAudioTrack(sounds);
  await output.start();
  if (at) video.currentTime = at;
  const configs = await Promise.all(tracks.map((track) => track.getDecoderConfig()));
  const feed = async (to, from, first, decoderConfig) => {
    for await (const packet of from.packets(first)) {
      await to.add(packet, { decoderConfig });
      while (packet.timestamp > video.currentTime + AHEAD_SECONDS) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
  await Promise.all([feed(pictures, sinks[0], picture, configs[0]), feed(sounds, sinks[1], sound, configs[1])]);
}
