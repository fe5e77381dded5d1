// What a viewer sees of a video: its first frame, and a position that should move.

/** Acts when the next frame is shown. @param {HTMLVideoElement} video @param {() => void} act */
export function onFirstFrame(video, act) {
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(act);
  else video.addEventListener("loadeddata", act, { once: true });
}

/** How often the player hears of a position that should move. */
const PULSE_MS = 1000;

/**
 * Reports a position that should move even while no event does: the player notices if it stands.
 * @param {HTMLVideoElement} video @param {AbortSignal} signal ends it
 * @param {(time: number) => unknown} report
 */
export function whileItShouldMove(video, signal, report) {
  const pulse = setInterval(() => {
    const isPlaying = !video.paused && !video.ended && video.playbackRate > 0;
    if (!document.hidden && (isPlaying || video.seeking)) report(video.currentTime);
  }, PULSE_MS);
  signal.addEventListener("abort", () => clearInterval(pulse));
}
