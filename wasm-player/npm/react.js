// The element for React, which leaves its own props for media events (`onPlay`) out on custom elements.

import { createElement, useImperativeHandle, useLayoutEffect, useRef } from "react";
import "./element.js";

/** Props that React does not make listeners of, in lower case and without `on`. */
const EVENTS = new Set(["abort", "canplay", "canplaythrough", "durationchange", "emptied", "encrypted", "ended",
  "enterpictureinpicture", "error", "leavepictureinpicture", "loadeddata", "loadedmetadata", "loadstart", "pause",
  "play", "playing", "progress", "ratechange", "resize", "seeked", "seeking", "stalled", "suspend", "timeupdate",
  "volumechange", "waiting", "waitingforkey", "firstframeerror", "firstframewaiting", "firstframenotice"]);

/** The type of the event that a prop listens to; nothing for other props. */
function typeOf(prop) {
  const name = /^on[A-Z]/.test(prop) ? prop.slice(2).toLowerCase() : "";
  return EVENTS.has(name) ? name.replace(/^firstframe/, "firstframe-") : undefined;
}

export function FirstframeVideo({ ref, ...props }) {
  const inner = useRef(null);
  const rest = {};
  const listeners = [];
  for (const [prop, value] of Object.entries(props)) {
    const type = typeOf(prop);
    if (!type) rest[prop] = value;
    else if (value) listeners.push([type, value]);
  }
  useImperativeHandle(ref, () => inner.current);
  useLayoutEffect(() => {
    const element = inner.current;
    for (const listener of listeners) element.addEventListener(...listener);
    return () => {
      for (const listener of listeners) element.removeEventListener(...listener);
    };
  });
  return createElement("firstframe-video", { ...rest, ref: inner });
}
