// What a Sink reports, as inputs of the player.

/** @import { SinkReports } from "../protocol/messages.js" */
/** @import { LoadedPlayer } from "../protocol/player.js" */

import { counters } from "./requests.js";

/**
 * Tells the player what the Sink reports.
 * @type {Record<keyof SinkReports, (host: { browserMessage: string }, player: LoadedPlayer, ...args: any[]) => void>}
 */
export const REPORTS = {
  appended(_, player, mediaType, epoch, bytes, buffered) {
    counters.bytesAppended += bytes;
    player.appended(mediaType, epoch, bytes, buffered);
  },
  removed: (_, player, mediaType, buffered) => player.removed(mediaType, buffered),
  quotaExceeded: (_, player, mediaType, epoch) => player.quotaExceeded(mediaType, epoch),
  unsupported(host, player, mime) {
    host.browserMessage = mime;
    player.unsupported(mime.startsWith("video/") ? 0 : 1);
  },
  mediaSourceFailed(host, player, message) {
    host.browserMessage = message;
    player.mediaSourceFailed();
  },
};
