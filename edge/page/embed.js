/** The player in a frame: says what keeps the film from playing, and hides its name while it plays. */

import { h } from './dom.js';

/** Long enough to read two lines. */
const NOTICE_MS = 8_000;

/** @typedef {import('./element/element.js').FirstframeVideo} Player */

const player = /** @type {Player} */ (document.querySelector('firstframe-video'));

/** @param {Event} event @returns {{ message?: string, advice?: string }} */
const faultOf = (event) => (event instanceof CustomEvent ? event.detail : {});

/** @param {{ message?: string, advice?: string }} fault */
function fail({ message, advice }) {
  const again = h('a', { class: 'button', href: location.href }, 'Try again');
  const texts = [h('h1', {}, message || 'This episode cannot be played.'), h('p', {}, advice ?? '')];
  for (const old of document.querySelectorAll('.panel, .toast')) old.remove();
  player.after(h('div', { class: 'panel', role: 'alert' }, ...texts, again));
}

/** @param {Event} event @param {number} milliseconds Infinity: until the film goes on. */
function showToast(event, milliseconds) {
  const { message, advice } = faultOf(event);
  const note = h('p', { class: 'toast', role: 'status' }, [message, advice].filter(Boolean).join(' '));
  document.querySelector('.toast')?.remove();
  player.after(note);
  if (milliseconds === Infinity) player.addEventListener('timeupdate', () => note.remove(), { once: true });
  else setTimeout(() => note.remove(), milliseconds);
}

const showState = () => document.body.classList.toggle('playing', !player.paused);

player.addEventListener('firstframe-error', (event) => fail(faultOf(event)));
player.addEventListener('firstframe-notice', (event) => showToast(event, NOTICE_MS));
player.addEventListener('firstframe-waiting', (event) => showToast(event, Infinity));
for (const type of ['play', 'playing', 'pause', 'ended']) player.addEventListener(type, showState);

customElements.whenDefined('firstframe-video').then(() => {
  showState();
  // It may have failed before.
  if (player.error) fail({ message: player.error.message });
});
