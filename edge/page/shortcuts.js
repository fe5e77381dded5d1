/** The keyboard: arrows go from card to card, and play, seek, mute and enlarge in the player. */

/**
 * @typedef {HTMLElement & Pick<HTMLVideoElement, 'play' | 'pause' | 'paused' | 'currentTime'
 *   | 'duration' | 'muted' | 'volume'>} Player
 */

const STEP_SECONDS = 5;
const LEAP_SECONDS = 10;
const VOLUME_STEP = 0.1;

/** @param {KeyboardEvent} event */
function isPlain(event) {
  return !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey;
}

/** @param {EventTarget | null} target */
function takesText(target) {
  return target instanceof Element && target.closest('input, textarea, select') !== null;
}

/** @type {Record<string, (from: DOMRect, to: DOMRect) => [along: number, across: number]>} */
const DIRECTIONS = {
  ArrowLeft: (from, to) => [from.left - to.left, Math.abs(to.top - from.top)],
  ArrowRight: (from, to) => [to.left - from.left, Math.abs(to.top - from.top)],
  ArrowUp: (from, to) => [from.top - to.top, Math.abs(to.left - from.left)],
  ArrowDown: (from, to) => [to.top - from.top, Math.abs(to.left - from.left)],
};

/**
 * @param {HTMLElement} from
 * @param {string} key
 */
function neighbour(from, key) {
  const measure = DIRECTIONS[key];
  if (!measure) return undefined;
  const here = from.getBoundingClientRect();
  const level = key === 'ArrowLeft' || key === 'ArrowRight';
  /** @type {HTMLElement | undefined} */
  let best;
  let least = Infinity;
  for (const link of document.querySelectorAll('#main a[data-arrow-stop]')) {
    if (!(link instanceof HTMLElement) || link === from) continue;
    const [along, across] = measure(here, link.getBoundingClientRect());
    // Sideways stays in the row; up and down takes the nearest row, then the nearest in it.
    if (along < 4 || (level && across > here.height / 2)) continue;
    const cost = level ? along : along * 4 + across;
    if (cost < least) [best, least] = [link, cost];
  }
  return best;
}

/** Arrow keys, while a card or an episode has the focus. */
export function moveFocusByArrows() {
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    const from = target instanceof Element ? target.closest('a[data-arrow-stop]') : null;
    if (!isPlain(event) || event.shiftKey || !(from instanceof HTMLElement)) return;
    const to = neighbour(from, event.key);
    if (!to) return;
    event.preventDefault();
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
}

/** @param {Player} player */
function toggleFullscreen(player) {
  // The frame around the player goes full screen, so that messages over the picture show too.
  const frame = player.closest('.player') ?? player;
  const done = document.fullscreenElement ? document.exitFullscreen() : frame.requestFullscreen();
  done.catch(() => {
    // The browser allows no full screen here; nothing else is lost.
  });
}

/**
 * @param {Player} player
 * @param {number} seconds
 */
function seekBy(player, seconds) {
  const end = Number.isFinite(player.duration) ? player.duration : Infinity;
  player.currentTime = Math.min(Math.max(player.currentTime + seconds, 0), end);
}

/** @param {Player} player */
function togglePlay(player) {
  if (!player.paused) return player.pause();
  player.play()?.catch(() => {
    // Said by the player's own error event.
  });
}

/**
 * @param {Player} player
 * @param {KeyboardEvent} event
 * @returns {(() => void) | undefined}
 */
function actionOf(player, event) {
  switch (event.key) {
    case 'k':
    case ' ':
      return () => togglePlay(player);
    case 'f':
      return () => toggleFullscreen(player);
    case 'm':
      return () => (player.muted = !player.muted);
    case 'j':
      return () => seekBy(player, -LEAP_SECONDS);
    case 'l':
      return () => seekBy(player, LEAP_SECONDS);
    case 'ArrowLeft':
      return () => seekBy(player, -STEP_SECONDS);
    case 'ArrowRight':
      return () => seekBy(player, STEP_SECONDS);
    case 'ArrowUp':
    case 'ArrowDown': {
      // Without the focus on the player they scroll the page.
      if (event.target !== player && !document.fullscreenElement) return undefined;
      const by = event.key === 'ArrowUp' ? VOLUME_STEP : -VOLUME_STEP;
      return () => (player.volume = Math.min(Math.max(player.volume + by, 0), 1));
    }
    default:
      return undefined;
  }
}

/**
 * @param {() => Player | undefined} current
 * @param {AbortSignal} until
 */
export function controlPlayerByKeys(current, until) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const player = current();
    if (!player || !isPlain(event) || event.shiftKey || takesText(event.target)) return;
    const target = event.target instanceof Element ? event.target : null;
    // A focused link, button or list of cards keeps the keys that work it.
    const pressed = target?.closest('button, summary') && event.key === ' ';
    // The browser's own controls know which of their buttons has the focus.
    if (target === player && event.key === ' ') return;
    if (pressed || (target?.closest('a[data-arrow-stop]') && event.key.startsWith('Arrow'))) return;
    const action = actionOf(player, event);
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener('keydown', onKey, { signal: until });
}
