/** The view of one title and its episodes. */

import { art, loadingShape, cardOf, glow, progress, cardSection } from './card.js';
import { mark, warning } from './codec-support.js';
import { h, icon } from './dom.js';
import { title as readTitle } from './catalog-client.js';
import { isWatched, resumePositionOf, resumeSeconds, watchedShare } from './resume-positions.js';
import { titlePath, watchPath } from './route.js';
import { formatDate, formatDuration, formatTime, joinFacts } from './format.js';

/** @typedef {import('./catalog-client.js').Title} Title */
/** @typedef {import('./catalog-client.js').Episode} Episode */
/** @typedef {import('./view-notice.js').Page} Page */

/**
 * @param {Episode[]} episodes
 * @param {string} [current] The episode that plays.
 */
export function episodeBlock(episodes, current) {
  const row = (/** @type {Episode} */ episode) => {
    const resume = resumePositionOf(episode.id);
    const isSeen = resume !== undefined && isWatched(resume);
    const meta = joinFacts(
      mark(episode),
      episode.durationMs !== undefined && formatDuration(episode.durationMs),
      episode.label,
      episode.releasedAt && formatDate(episode.releasedAt),
      isSeen && 'Seen',
    );
    return h(
      'li',
      {},
      h(
        'a',
        {
          class: `episode ${isSeen ? 'episode-seen' : ''}`,
          href: watchPath(episode.id),
          'data-arrow-stop': true,
          'aria-current': episode.id === current && 'true',
        },
        h('span', { class: 'episode-number' }, String(episode.number)),
        h('span', { class: 'episode-title' }, episode.title),
        meta && h('span', { class: 'episode-meta' }, meta),
        resume && !isSeen && resumeSeconds(resume) > 0 && progress(watchedShare(resume)),
      ),
    );
  };
  return h(
    'section',
    { class: 'block', 'aria-labelledby': 'episodes' },
    h('h2', { id: 'episodes' }, 'Episodes'),
    h('ol', { class: 'episodes', role: 'list' }, ...episodes.map(row)),
  );
}

/** Where to begin: the episode left last, else the first that is not seen. @param {Title} title */
function next(title) {
  const all = title.episodes.map((episode) => ({ episode, resume: resumePositionOf(episode.id) }));
  const started = all
    .filter(({ resume }) => resumeSeconds(resume) > 0)
    .sort((a, b) => (b.resume?.at ?? 0) - (a.resume?.at ?? 0))[0];
  const unwatched = all.find(({ resume }) => !resume || !isWatched(resume));
  return started ?? unwatched ?? all[0];
}

/** @param {Title} title */
function watchButton(title) {
  const start = next(title);
  if (!start) return h('p', { class: 'quiet' }, 'This title has no episodes yet.');
  const at = resumeSeconds(start.resume);
  const episode = title.episodes.length > 1 ? `episode ${start.episode.number}` : '';
  const verb = at > 0 ? 'Resume' : 'Watch';
  const text = joinFacts(`${verb} ${episode}`.trim(), at > 0 && formatTime(at));
  return h(
    'a',
    { class: 'button button-main', href: watchPath(start.episode.id), 'data-arrow-stop': true },
    icon('play'),
    text,
  );
}

/** @param {Title} title */
function factLine(title) {
  const { episodes } = title;
  const total = episodes.reduce((sum, episode) => sum + (episode.durationMs ?? 0), 0);
  return joinFacts(
    title.metadata.year,
    episodes.length > 1 && `${episodes.length} episodes`,
    total > 0 && formatDuration(total),
    episodes.length === 1 && episodes[0]?.label,
  );
}

/** Facts beyond the year, as the catalog gives them. @param {Title} title */
function moreFacts(title) {
  const pairs = Object.entries(title.metadata).filter(([name]) => name !== 'year');
  if (pairs.length === 0) return null;
  const name = (/** @type {string} */ text) => text.charAt(0).toUpperCase() + text.slice(1);
  return h(
    'dl',
    { class: 'facts' },
    ...pairs.map(([key, value]) => h('div', {}, h('dt', {}, name(key)), h('dd', {}, value))),
  );
}

/**
 * @param {string} id
 * @param {boolean} useOld Whether an older answer will do.
 * @returns {Promise<Page>}
 */
export async function titlePage(id, useOld) {
  const title = await readTitle(id, useOld);
  // A link to an id that the title had.
  if (title.id !== id) history.replaceState(history.state, '', titlePath(title.id));
  const start = next(title)?.episode;
  const unsupported = start && (await warning(start));
  const image = title.bannerImage || title.coverImage;
  const head = h(
    'section',
    { class: 'title-head' },
    glow(title.title, image),
    h('div', { class: 'title-art' }, art({ id, title: title.title, image, eager: true })),
    h(
      'div',
      { class: 'title-text' },
      h('h1', { class: 'display', tabindex: -1 }, title.title),
      h('p', { class: 'title-facts' }, factLine(title)),
      title.synopsis && h('p', { class: 'title-synopsis' }, title.synopsis),
      title.genres.length > 0 &&
        h(
          'ul',
          { class: 'genres', role: 'list', 'aria-label': 'Genres' },
          ...title.genres.map((genre) => h('li', {}, genre)),
        ),
      h('div', { class: 'actions' }, watchButton(title)),
      unsupported && h('p', { class: 'title-warning', role: 'note' }, unsupported),
      moreFacts(title),
    ),
  );
  const node = h(
    'article',
    { class: 'title' },
    head,
    title.episodes.length > 1 && episodeBlock(title.episodes),
    title.recommendations.length > 0 &&
      cardSection('More to watch', 'row', title.recommendations.map((card) => cardOf(card))),
  );
  return { title: title.title, node };
}

export function titleLoading() {
  const lines = ['line line-display', 'line line-short', 'line', 'line'];
  return h(
    'div',
    { class: 'title', 'aria-hidden': 'true' },
    h(
      'div',
      { class: 'title-head' },
      h('div', { class: 'title-art' }, loadingShape('art')),
      h('div', { class: 'title-text' }, ...lines.map(loadingShape)),
    ),
  );
}
