// What is said of a fault where nothing can be loaded any more, not even the messages for faults.

/** @import { FaultKinds } from "../protocol/codes.js" */

/** What a fault means for playback, by the codes that cross. @type {FaultKinds} */
export const KINDS = ["waiting", "notice", "fallback", "error"];

/** Code, message and advice. @type {[string, string, string]} */
export const LOST = ["network", "The connection to the server was lost.",
  "Check your connection; playback goes on by itself once the server responds."];
