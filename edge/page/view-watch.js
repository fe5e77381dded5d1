/** The player, and what stands around it. */

import { button, h, icon } from './dom.js';
import { report, token } from './history.js';
import { playByKeys } from './shortcuts.js';
import { LibraryError, title as readTitle } from './library.js';
import { RESUME_SECONDS_MIN, resumePositionOf, remember, resumeAt } from './resume-positions.js';
import { titlePath, watchPath } from './route.js';
import { episodeBlock } from './view-title.js';
import { prefetchPlayer } from './prefetch.js';

/** @typedef {import('./shortcuts.js').Player & { token: string, next: string }} Player */
/** @typedef {import('./library.js').Title} Title */
/** @typedef {import('./library.js').Episode} Episode */
/** @typedef {import('./view-notice.js').Page} Page */
/** @typedef {{ code?: string, message?: string, where?: string, advice?: string }} Fault */

/** Remembered on this device so often while it plays. */
const REMEMBER_MS = 5_000;
/** Long enough to read two lines. */
const NOTICE_MS = 8_000;
/** Told to the edge so often, which is a write there. */
const REPORT_MS = 20_000;

/** One visit to an episode: its stage, and what is known of it so far. */
class Visit {
  /** @param {string} id @param {string} episodeId */
  constructor(id, episodeId) {
    this.id = id;
    this.episodeId = episodeId;
    this.stage = h('div', { class: 'stage' });
    this.up = h('a', { class: 'eyebrow', href: titlePath(id) }, 'Details');
    // It has the focus before it has its words: it is filled, never replaced.
    this.heading = h('h1', { class: 'about-title', tabindex: -1, 'aria-label': 'Player' });
    this.head = h('div', { class: 'about-head' }, h('div', {}, this.up, this.heading));
    this.about = h('div', { class: 'about' }, this.head);
    this.gone = new AbortController();
    /** @type {Player | undefined} */
    this.player = undefined;
    /** @type {Title | undefined} */
    this.title = undefined;
    this.rememberedAt = 0;
    this.reportedAt = 0;
  }

  /** @param {number} start @param {boolean} autoplay */
  async play(start, autoplay) {
    this.stage.replaceChildren(h('div', { class: 'stage-wait', 'aria-hidden': 'true' }));
    prefetchPlayer();
    try {
      await import('./element/element.js');
    } catch {
      this.fail({
        message: 'The player could not be loaded',
        advice: 'Check the network, then load the page again.',
      });
      return;
    }
    if (this.gone.signal.aborted) return;
    const player = /** @type {Player} */ (document.createElement('firstframe-video'));
    player.setAttribute('controls', '');
    if (start > 0) player.setAttribute('start', String(start));
    if (autoplay) player.setAttribute('autoplay', '');
    player.setAttribute('aria-label', 'Video');
    player.setAttribute('episode', this.episodeId);
    player.token = token() ?? '';
    this.listen(player);
    this.player = player;
    this.follow();
    this.stage.replaceChildren(player);
  }

  /** Tells the player what comes next, once both are known. */
  follow() {
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
    on('firstframe-notice', (event) => this.mention(event, NOTICE_MS));
    on('firstframe-waiting', (event) => this.mention(event, Infinity));
    on('timeupdate', () => {
      this.stage.querySelector('.mention-waiting')?.remove();
      this.keepPlace(false);
    });
    on('pause', () => this.keepPlace(true));
    on('ended', () => {
      this.keepPlace(true);
      this.offerNext();
    });
    on('playing', () => this.stage.querySelector('.after')?.remove());
    on('seeking', () => this.stage.querySelector('.after')?.remove());
  }

  /**
   * Says something that does not end playback.
   *
   * @param {Event} event
   * @param {number} milliseconds Infinity: until the film goes on.
   */
  mention(event, milliseconds) {
    const { message, advice } = event instanceof CustomEvent ? event.detail : {};
    const waits = milliseconds === Infinity;
    const look = `mention ${waits ? 'mention-waiting' : ''}`;
    const text = [message, advice].filter(Boolean).join(' ');
    const note = h('p', { class: look, role: 'status' }, text);
    this.stage.querySelector('.mention')?.remove();
    this.stage.append(note);
    if (!waits) setTimeout(() => note.remove(), milliseconds);
  }

  /** @param {boolean} now */
  keepPlace(now) {
    const { player, title } = this;
    if (!player || !title || !(player.currentTime >= RESUME_SECONDS_MIN)) return;
    const time = performance.now();
    if (!now && time - this.rememberedAt < REMEMBER_MS) return;
    this.rememberedAt = time;
    const at = title.episodes.findIndex((one) => one.id === this.episodeId);
    const [episode, next] = title.episodes.slice(at);
    const place = {
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
    remember(place);
    if (!now && time - this.reportedAt < REPORT_MS) return;
    this.reportedAt = time;
    report(place, document.visibilityState === 'hidden');
  }

  /** @param {Fault} fault */
  fail(fault) {
    const at = this.player?.currentTime ?? 0;
    this.showStage();
    const again = button('Try again', 'button-main', () => this.play(Math.floor(at), true));
    const where = [fault.where, fault.code].filter(Boolean).join(' · ');
    const panel = h(
      'div',
      { class: 'panel', role: 'alert' },
      h('h2', {}, fault.message || 'This episode cannot be played'),
      h('p', {}, fault.advice || 'Try again, or choose another episode.'),
      where && h('p', { class: 'panel-where' }, where),
      h(
        'div',
        { class: 'actions' },
        again,
        h('a', { class: 'button button-quiet', href: titlePath(this.id) }, 'To the title'),
      ),
    );
    // What is already on the screen stays behind the panel; a retry replaces both.
    for (const old of this.stage.querySelectorAll('.panel, .stage-wait, .mention')) old.remove();
    this.stage.append(panel);
  }

  /** The browser's own button enlarges the picture alone, which hides what the page has to say. */
  showStage() {
    const large = document.fullscreenElement;
    if (large && large !== this.stage) document.exitFullscreen().catch(() => {});
  }

  offerNext() {
    const episodes = this.title?.episodes ?? [];
    const next = episodes[episodes.findIndex((one) => one.id === this.episodeId) + 1];
    if (!next || this.stage.querySelector('.after')) return;
    this.showStage();
    const link = h(
      'a',
      { class: 'button button-main', href: watchPath(next.id) },
      icon('play'),
      'Play next',
    );
    const text = h('p', {}, h('span', { class: 'eyebrow' }, 'Up next'), episodeName(next));
    this.stage.append(h('div', { class: 'after' }, text, link));
    link.focus({ preventScroll: true });
  }

  /** @param {Title} title */
  tell(title) {
    this.title = title;
    this.follow();
    const at = title.episodes.findIndex((one) => one.id === this.episodeId);
    const episode = title.episodes[at];
    if (!episode) throw new LibraryError('missing', 'This title has no such episode.');
    const several = title.episodes.length > 1;
    const heading = several ? episodeName(episode) : title.title;
    this.heading.textContent = heading;
    this.heading.removeAttribute('aria-label');
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
 * @param {{ kept: boolean, autoplay: boolean, rename: (title: string) => void,
 *   fail: (error: unknown) => void }} context
 * @returns {Page}
 */
export function watchPage({ id, episodeId }, { kept, autoplay, rename, fail }) {
  const visit = new Visit(id, episodeId);
  const { signal } = visit.gone;
  const node = h('article', { class: 'watch' }, visit.stage, visit.about);
  /** @type {Page} */
  const page = { title: 'Player', node };
  // The film does not wait for its title: both are asked for at once.
  readTitle(id, kept)
    .then((title) => {
      if (signal.aborted) return;
      page.title = visit.tell(title);
      rename(page.title);
    })
    .catch((error) => {
      if (signal.aborted) return;
      // Playback may well work while the catalogue does not answer.
      if (error instanceof LibraryError && error.kind === 'missing') fail(error);
    });
  visit.play(resumeAt(resumePositionOf(episodeId)), autoplay);
  playByKeys(() => visit.player, signal);
  addEventListener('pagehide', () => visit.keepPlace(true), { signal });
  document.addEventListener(
    'visibilitychange',
    () => document.visibilityState === 'hidden' && visit.keepPlace(true),
    { signal },
  );
  page.leave = () => {
    visit.keepPlace(true);
    visit.gone.abort();
    visit.player?.remove();
  };
  return page;
}
