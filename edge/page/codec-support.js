/** Which films this browser cannot decode, by the codecs that the catalog names. */

const Source = globalThis.MediaSource ?? Reflect.get(globalThis, 'ManagedMediaSource');
const SOUND = /^(mp4a|mp3|ac-3|ec-3|opus|flac)/i;

/** @param {string} codec */
function isSupported(codec) {
  const name = /^mp4a\.6[9B]$/.test(codec) ? 'mp3' : codec;
  const type = `${SOUND.test(codec) ? 'audio' : 'video'}/mp4; codecs="${name}"`;
  // Sound that Media Source Extensions do not have may still play in the browser's own player.
  const plays = SOUND.test(codec) && document.createElement('video').canPlayType(type) !== '';
  return plays || Source.isTypeSupported(type);
}

/**
 * The codec that this browser does not play: that of the pictures, else that of the sound.
 *
 * @param {string | undefined} codecs RFC 6381 names, with commas.
 */
function unsupportedCodec(codecs) {
  const all = (codecs ?? '').split(',').map((codec) => codec.trim());
  // Without Media Source Extensions the player itself says what is missing.
  const missing = all.filter((codec) => codec && Source && !isSupported(codec));
  return missing.find((codec) => !SOUND.test(codec)) ?? missing[0];
}

const AGENT = navigator.userAgent;
/** As `ownPlayers` names it. */
const ENGINE = /Firefox/.test(AGENT) ? 'firefox' : /Chrom/.test(AGENT) ? 'chromium' : 'webkit';

/**
 * The first kind of track that the film has and this browser does not play in any way.
 *
 * @param {import('./catalog-client.js').Episode} episode
 */
const missingHere = ({ missing = [] }) =>
  missing.find(({ ownPlayers }) => !ownPlayers.includes(ENGINE));

/**
 * A few words for an episode that does not play in this browser, or not all of it.
 *
 * @param {import('./catalog-client.js').Episode} episode
 */
export function mark(episode) {
  const { codec, unplayable } = episode;
  const lack = missingHere(episode);
  if (lack) return `Without ${lack.kind} in this browser`;
  const missing = unsupportedCodec(codec);
  if (unplayable === undefined && missing === undefined) return undefined;
  return missing && SOUND.test(missing) ? 'Without sound in this browser' : 'Not in this browser';
}

/**
 * A sentence for an episode that does not play in this browser, or not all of it.
 *
 * @param {import('./catalog-client.js').Episode} episode
 */
export async function warning(episode) {
  const { codec, unplayable } = episode;
  const lack = missingHere(episode);
  if (lack) {
    const advice = lack.ownPlayers.length > 0 ? ' Another browser may play it.' : '';
    return `No ${lack.kind} in this browser: ${lack.name}.${advice}`;
  }
  if (unplayable !== undefined) return 'No browser plays this film in the form in which it is here.';
  const missing = unsupportedCodec(codec);
  if (missing === undefined) return undefined;
  const { formatName } = await import('./worker/fault-messages.js');
  const name = formatName(missing);
  return SOUND.test(missing)
    ? `Without sound: this browser does not play ${name}. Another browser may.`
    : `This browser does not play ${name}, in which this film is. Another browser may.`;
}
