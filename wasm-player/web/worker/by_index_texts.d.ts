// Texts that xtask takes out of the wasm, by their addresses.

import type { Texts } from "../protocol/player.js";

export const TEXTS: Texts;
