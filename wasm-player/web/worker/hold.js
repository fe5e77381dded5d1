// Where `preload` is `metadata`, media waits until somebody plays or seeks. So does the player's clock:
// no request is late that was not sent.

/** @import { ToWorker } from "../protocol/messages.js" */

/** @type {(() => void) | undefined} */
let go;
/** @type {Promise<void> | undefined} */
let held;
/** When the clock was stopped, 0 while it runs; and how long it stood. */
let [stoppedAt, stoodMs] = [0, 0];

/** From now on media waits. */
export function hold() {
  held = new Promise((resolve) => (go = resolve));
}

/** Until media may be requested. */
export function released() {
  if (held) stoppedAt ||= performance.now();
  return held;
}

export const isStopped = () => stoppedAt > 0;

export const now = () => (stoppedAt || performance.now()) - stoodMs;

/** Whether somebody plays or seeks. @param {ToWorker} message */
export const isMove = (message) => message.type === "release"
  || (message.type === "position" && message.playing) || (message.type === "seek" && !message.isFirst);

/** Media is requested. Returns whether the clock stood. */
export function release() {
  const stood = isStopped();
  if (stood) stoodMs = performance.now() - stoppedAt;
  stoppedAt = 0;
  held = undefined;
  go?.();
  return stood;
}
