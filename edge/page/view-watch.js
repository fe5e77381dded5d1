/** The view of one episode: the player, its messages, and the episodes around it. */

import { button, details, h, icon } from './dom.js';
import { report, token } from './history.js';
import { controlPlayerByKeys } from './shortcuts.js';
import { CatalogError, title as readTitle } from './catalog-client.js';
import { RESUME_SECONDS_MIN, resumePositionOf, resumeSeconds, save } from './resume-positions.js';
import { titlePath, watchPath } from './route.js';
import { episodeBlock } from './view-title.js';
import { prefetchPlayer } from './prefetch.js';

/** @typedef {import('./shortcuts.js').Player & { token: string, next: string, error: MediaError | null }} Player */
/** @typedef {import('./catalog-client.js').Title} Title */
/** @typedef {import('./catalog-client.js').Episode} Episode */
/** @typedef {import('./view-notice.js').Page} Page */
/** @typedef {Partial<import('./element/element.js').FirstframeFault>} Fault */

/** The position is stored on this device so often while an episode plays. */
const SAVE_MS = 5_000;
/** Long enough to read two lines. */
const NOTICE_MS = 8_000;
/** The position is reported to the edge so often, each time a write there. */
const REPORT_MS = 20_000;

/** One visit to an episode: its elements, and what is known of it so far. */
class Visit {
  /** @param {string} id @param {string} episodeId */
  constructor(id, episodeId) {
    this.id = id;
    this.episodeId = episodeId;
    /** @type {HTMLElement | null} */
    const there = document.querySelector(`.watch[data-episode="${CSS.escape(episodeId)}"]`);
    /**
     * A part of the document, which came with it or is made.
     *
     * @template {HTMLElement} T
     * @param {string} selector
     * @param {() => T} make
     * @returns {T}
     */
    const part = (selector, make) => there?.querySelector(selector) ?? make();
    this.frame = part('.player', () => h('div', { class: 'player' }));
    const up = { class: 'eyebrow', href: titlePath(id) };
    this.up = part('.eyebrow', () => h('a', up, 'Details'));
    // It has the focus before it has its words: it is filled, never replaced.
    const heading = { class: 'about-title', tabindex: -1, 'aria-label': 'Player' };
    this.heading = part('.about-title', () => h('h1', heading));
    this.head = part('.about-head', () =>
      h('div', { class: 'about-head' }, h('div', {}, this.up, this.heading)),
    );
    this.about = part('.about', () => h('div', { class: 'about' }, this.head));
    this.node = there ?? h('article', { class: 'watch' }, this.frame, this.about);
    /** The player with which the document came, and which plays already. @type {Element | null} */
    this.early = there && this.frame.querySelector('firstframe-video');
    this.gone = new AbortController();
    /** @type {Player | undefined} */
    this.player = undefined;
    /** @type {Title | undefined} */
    this.title = undefined;
    this.savedAt = 0;
    this.reportedAt = 0;
  }

  /** @param {number} start @param {boolean} autoplay */
  async play(start, autoplay) {
    const { early } = this;
    this.early = null;
    const loading = h('div', { class: 'player-loading', 'aria-hidden': 'true' });
    if (!early) this.frame.replaceChildren(loading);
    prefetchPlayer();
    try {
      await import('./element/element.js');
    } catch {
      this.fail({
        code: 'player',
        message: 'The player could not be loaded.',
        advice: 'Check the network, then load the page again.',
      });
      return;
    }
    if (this.gone.signal.aborted) return;
    if (early) return this.attend(/** @type {Player} */ (early));
    const player = /** @type {Player} */ (document.createElement('firstframe-video'));
    player.setAttribute('controls', '');
    player.setAttribute('preload', 'auto');
    if (start > 0) player.setAttribute('start', String(start));
    if (autoplay) player.setAttribute('autoplay', '');
    player.setAttribute('aria-label', 'Video');
    player.setAttribute('episode', this.episodeId);
    this.attend(player);
    this.frame.replaceChildren(player);
  }

  /** From now on this view listens to a player. @param {Player} player */
  attend(player) {
    player.token = token() ?? '';
    this.listen(player);
    this.player = player;
    this.setNext();
    // It may have failed before.
    if (player.error) this.fail({ message: player.error.message });
  }

  /** Gives the player the episodes that follow, once both are known. */
  setNext() {
    const { player, title } = this;
    const at = title?.episodes.findIndex((one) => one.id === this.episodeId) ?? -1;
    const next = title?.episodes.slice(at + 1, at + 3) ?? [];
    if (player && next.length) player.next = next.map((one) => one.id).join(' ');
  }

  /** @param {Player} player */
  listen(player) {
    const on = (/** @type {string} */ name, /** @type {(event: Event) => void} */ act) =>
      player.addEventListener(name, act, { signal: this.gone.signal });
    on('firstframe-error', (event) => this.fail(event instanceof CustomEvent ? event.detail : {}));
    on('firstframe-notice', (event) => this.showToast(event, NOTICE_MS));
    on('firstframe-waiting', (event) => this.showToast(event, Infinity));
    on('timeupdate', () => {
      this.frame.querySelector('.toast-waiting')?.remove();
      this.savePosition(false);
    });
    on('pause', () => this.savePosition(true));
    on('ended', () => {
      this.savePosition(true);
      this.offerNext();
    });
    on('playing', () => this.frame.querySelector('.up-next')?.remove());
    on('seeking', () => this.frame.querySelector('.up-next')?.remove());
  }

  /**
   * Shows a message that does not end playback.
   *
   * @param {Event} event
   * @param {number} milliseconds Infinity: until the film goes on.
   */
  showToast(event, milliseconds) {
    const { message, advice } = event instanceof CustomEvent ? event.detail : {};
    const waits = milliseconds === Infinity;
    const look = `toast ${waits ? 'toast-waiting' : ''}`;
    const text = [message, advice].filter(Boolean).join(' ');
    const note = h('p', { class: look, role: 'status' }, text);
    this.frame.querySelector('.toast')?.remove();
    this.frame.append(note);
    if (!waits) setTimeout(() => note.remove(), milliseconds);
  }

  /** @param {boolean} now */
  savePosition(now) {
    const { player, title } = this;
    if (!player || !title || !(player.currentTime >= RESUME_SECONDS_MIN)) return;
    const time = performance.now();
    if (!now && time - this.savedAt < SAVE_MS) return;
    this.savedAt = time;
    const at = title.episodes.findIndex((one) => one.id === this.episodeId);
    const [episode, next] = title.episodes.slice(at);
    const resume = {
      episodeId: this.episodeId,
      catalogId: this.id,
      position: player.currentTime,
      duration: Number.isFinite(player.duration) ? player.duration : 0,
      at: Date.now(),
      title: title.title,
      detail: title.episodes.length > 1 && episode ? episodeName(episode) : '',
      coverImage: title.coverImage,
      ...(next && { next: { episodeId: next.id, detail: episodeName(next) } }),
    };
    save(resume);
    if (!now && time - this.reportedAt < REPORT_MS) return;
    this.reportedAt = time;
    report(resume, document.visibilityState === 'hidden');
  }

  /** @param {Fault} fault */
  fail(fault) {
    const at = this.player?.currentTime ?? 0;
    this.leaveVideoFullscreen();
    const again = button('Try again', 'button-main', () => this.play(Math.floor(at), true));
    const technical = [fault.details, fault.where, fault.code].filter(Boolean).join(' · ');
    const panel = h(
      'div',
      { class: 'panel', role: 'alert' },
      h('h2', {}, fault.message || 'This episode cannot be played.'),
      h('p', {}, fault.advice || 'Try again, or choose another episode.'),
      h(
        'div',
        { class: 'actions' },
        again,
        h('a', { class: 'button button-quiet', href: titlePath(this.id) }, 'To the title'),
      ),
      technical && details(technical),
    );
    // What is already on the screen stays behind the panel; a retry replaces both.
    for (const old of this.frame.querySelectorAll('.panel, .player-loading, .toast')) old.remove();
    this.frame.append(panel);
  }

  /** The browser's own button enlarges the picture alone, which hides what the page has to say. */
  leaveVideoFullscreen() {
    const large = document.fullscreenElement;
    if (large && large !== this.frame) document.exitFullscreen().catch(() => {});
  }

  offerNext() {
    const episodes = this.title?.episodes ?? [];
    const next = episodes[episodes.findIndex((one) => one.id === this.episodeId) + 1];
    if (!next || this.frame.querySelector('.up-next')) return;
    this.leaveVideoFullscreen();
    const link = h(
      'a',
      { class: 'button button-main', href: watchPath(next.id) },
      icon('play'),
      'Play next',
    );
    const text = h('p', {}, h('span', { class: 'eyebrow' }, 'Up next'), episodeName(next));
    this.frame.append(h('div', { class: 'up-next' }, text, link));
    link.focus({ preventScroll: true });
  }

  /** @param {Title} title */
  showTitle(title) {
    this.title = title;
    this.setNext();
    const at = title.episodes.findIndex((one) => one.id === this.episodeId);
    const episode = title.episodes[at];
    if (!episode) throw new CatalogError('missing', 'This title has no such episode.');
    const several = title.episodes.length > 1;
    const heading = several ? episodeName(episode) : title.title;
    this.heading.textContent = heading;
    this.heading.removeAttribute('aria-label');
    this.about.querySelector('.about-synopsis, .about-file')?.remove();
    this.about.append(keyHelp());
    if (several) {
      this.up.textContent = title.title;
      this.head.append(neighbours(title.episodes[at - 1], title.episodes[at + 1]));
      this.about.append(episodeBlock(title.episodes, this.episodeId));
    } else if (title.synopsis) {
      this.about.append(h('p', { class: 'about-synopsis' }, title.synopsis));
    }
    return several ? `${heading} · ${title.title}` : heading;
  }
}

/** @param {Episode} episode */
function episodeName(episode) {
  return `${episode.number}. ${episode.title}`;
}

/** @param {Episode | undefined} before @param {Episode | undefined} after */
function neighbours(before, after) {
  const link = (
    /** @type {Episode | undefined} */ episode,
    /** @type {string} */ text,
    /** @type {'back' | 'on'} */ way,
  ) =>
    episode &&
    h(
      'a',
      { class: 'button button-quiet', href: watchPath(episode.id), rel: way === 'on' && 'next' },
      way === 'back' && icon('back'),
      h('span', {}, text, h('span', { class: 'sr' }, ` episode: ${episodeName(episode)}`)),
      way === 'on' && icon('on'),
    );
  return h(
    'nav',
    { class: 'neighbours', 'aria-label': 'Other episodes' },
    link(before, 'Previous', 'back'),
    link(after, 'Next', 'on'),
  );
}

function keyHelp() {
  const keys = [
    ['Space', 'play'],
    ['← →', '5 s'],
    ['J L', '10 s'],
    ['F', 'full screen'],
    ['M', 'mute'],
  ];
  return h(
    'ul',
    { class: 'keys', role: 'list', 'aria-label': 'Keys' },
    ...keys.map(([key = '', text = '']) => h('li', {}, h('kbd', {}, key), text)),
  );
}

/**
 * @param {{ id: string, episodeId: string }} route
 * @param {{ useOld: boolean, autoplay: boolean, setTitle: (title: string) => void,
 *   fail: (error: unknown) => void }} context
 * @returns {Page}
 */
export function watchPage({ id, episodeId }, { useOld, autoplay, setTitle, fail }) {
  const visit = new Visit(id, episodeId);
  const { signal } = visit.gone;
  const { node } = visit;
  /** @type {Page} */
  const page = { title: 'Player', node };
  // The film does not wait for its title: both are requested at once.
  readTitle(id, useOld)
    .then((title) => {
      if (signal.aborted) return;
      const now = title.movedEpisodes?.[episodeId];
      // A link to an id that the episode had.
      if (now) return location.replace(watchPath(now));
      page.title = visit.showTitle(title);
      setTitle(page.title);
    })
    .catch((error) => {
      if (signal.aborted) return;
      // Playback may well work while the catalog does not answer.
      const ends = ['missing', 'private'];
      if (error instanceof CatalogError && ends.includes(error.kind)) fail(error);
    });
  visit.play(resumeSeconds(resumePositionOf(episodeId)), autoplay);
  controlPlayerByKeys(() => visit.player, signal);
  addEventListener('pagehide', () => visit.savePosition(true), { signal });
  document.addEventListener(
    'visibilitychange',
    () => document.visibilityState === 'hidden' && visit.savePosition(true),
    { signal },
  );
  page.leave = () => {
    visit.savePosition(true);
    visit.gone.abort();
    visit.player?.remove();
  };
  return page;
}
