// The episodes that follow: the edge hears of them, and the start of the next one is fetched near the end.

import { prepare } from "./worker-pool.js";

/** Share of an episode after which the start of the next one is fetched: few viewers leave there. */
const NEXT_SHARE = 0.8;

/** @typedef {{ api: string, episode: string, next: string, token: string, video: HTMLVideoElement }} Playing */

/** Tells the edge which episodes follow, so that it can prefetch them. @param {Playing} playing */
export function sendWindow({ api, episode, next, token }) {
  /** @type {Record<string, string>} */
  const headers = { "content-type": "application/json" };
  if (token) headers["x-client-token"] = token;
  const body = JSON.stringify({ currentEpisodeId: episode, nextEpisodeIds: next.split(" ") });
  // If that fails, the next episode only starts slower.
  fetch(`${api}/api/v2/stream/window`, { method: "POST", headers, body }).catch(() => {});
}

/** @param {Playing} playing */
export function prepareNext({ api, next, video: { currentTime, duration } }) {
  const [episode] = next.split(" ");
  if (episode && currentTime >= duration * NEXT_SHARE) prepare({ episode, api, start: 0 });
}
