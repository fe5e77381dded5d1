// Faults that the page finds itself, without a worker, and the `MediaError` of any fault.

/** @import { FirstframeFault } from "../protocol/public-types.js" */

/** @type {FirstframeFault} */
export const NO_MEDIA_SOURCE = { code: "no_media_source", where: "in this browser",
  message: "This browser is too old for this player.",
  advice: "Use a current version of Chromium, Firefox or Safari.",
  details: "no Media Source Extensions" };

/** @param {string | undefined} why @returns {FirstframeFault} */
export const brokenWorker = (why) => ({ code: "player", where: "on this page",
  message: "The player could not be loaded.",
  advice: "Check your connection, then load the page again.",
  details: why ?? "the browser did not start its worker" });

/** @type {FirstframeFault} */
const FORBIDDEN = { code: "policy", where: "on this page",
  message: "The security rules of this site do not let its player play films.",
  advice: "Tell whoever runs this site. Its rules have to allow the player.",
  details: "Content-Security-Policy has no `media-src blob:`" };

/**
 * Tells when a policy forbids `blob:` URLs of media.
 * @param {AbortSignal} signal ends it @param {(fault: FirstframeFault) => void} act
 */
export function whenForbidden(signal, act) {
  document.addEventListener("securitypolicyviolation", (event) => {
    const { effectiveDirective, blockedURI, disposition } = event;
    const isMedia = effectiveDirective === "media-src" && blockedURI.startsWith("blob");
    if (isMedia && disposition === "enforce") act(FORBIDDEN);
  }, { signal });
}

/**
 * Whether the browser's own player does not know a format either. Of H.264 profiles Firefox plays more
 * than it says.
 * @param {HTMLVideoElement} video @param {FirstframeFault} fault
 */
export const isUnknownTo = (video, { code, details }) =>
  code === "unsupported" && /^video\/(?!.*"avc)/.test(details) && !video.canPlayType(details);

/** What the network and servers do. */
const OF_NETWORK = ["network", "server", "not_found", "forbidden", "odd_answer", "no_ranges"];

/**
 * The error of a media element by HTML § 4.8.11.1, whose class has no constructor: before the length of
 * the film is known every fault is one of its source.
 * @param {FirstframeFault} fault @param {boolean} isLoaded @returns {MediaError}
 */
export function mediaErrorOf({ code, message }, isLoaded) {
  const { MEDIA_ERR_NETWORK, MEDIA_ERR_DECODE, MEDIA_ERR_SRC_NOT_SUPPORTED } = MediaError;
  const later = OF_NETWORK.includes(code) ? MEDIA_ERR_NETWORK : MEDIA_ERR_DECODE;
  return Object.create(MediaError.prototype, {
    code: { value: isLoaded ? later : MEDIA_ERR_SRC_NOT_SUPPORTED },
    message: { value: message },
  });
}
