// The element for React.

import type { FunctionComponent, RefAttributes, VideoHTMLAttributes } from "react";
import type { FirstframeFault, FirstframeVideo as Element } from "./element.js";

export interface FirstframeVideoProps
  extends VideoHTMLAttributes<Element>, RefAttributes<Element> {
  episode?: string;
  headers?: string;
  next?: string;
  api?: string;
  start?: number;
  token?: string;
  onFirstframeError?(event: CustomEvent<FirstframeFault>): void;
  onFirstframeWaiting?(event: CustomEvent<FirstframeFault>): void;
  onFirstframeNotice?(event: CustomEvent<FirstframeFault>): void;
}

/** Its media events are those of the element, not React's. */
export const FirstframeVideo: FunctionComponent<FirstframeVideoProps>;
