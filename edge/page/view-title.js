/** One title and its episodes. */

import { art, bone, cardOf, glow, progress, shelf } from './card.js';
import { h, icon } from './dom.js';
import { title as readTitle } from './library.js';
import { isSeen, resumePositionOf, resumeAt, share } from './resume-positions.js';
import { watchPath } from './route.js';
import { clock, day, facts, length } from './format.js';

/** @typedef {import('./library.js').Title} Title */
/** @typedef {import('./library.js').Episode} Episode */
/** @typedef {import('./view-notice.js').Page} Page */

/**
 * @param {Episode[]} episodes
 * @param {string} [current] The episode that plays.
 */
export function episodeBlock(episodes, current) {
  const row = (/** @type {Episode} */ episode) => {
    const place = resumePositionOf(episode.id);
    const seen = place !== undefined && isSeen(place);
    const meta = facts(
      episode.durationMs !== undefined && length(episode.durationMs),
      episode.label,
      episode.releasedAt && day(episode.releasedAt),
      seen && 'Seen',
    );
    return h(
      'li',
      {},
      h(
        'a',
        {
          class: `episode ${seen ? 'episode-seen' : ''}`,
          href: watchPath(episode.id),
          'data-step': true,
          'aria-current': episode.id === current && 'true',
        },
        h('span', { class: 'episode-number' }, String(episode.number)),
        h('span', { class: 'episode-title' }, episode.title),
        meta && h('span', { class: 'episode-meta' }, meta),
        place && !seen && resumeAt(place) > 0 && progress(share(place)),
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
  const places = title.episodes.map((episode) => ({ episode, place: resumePositionOf(episode.id) }));
  const begun = places
    .filter(({ place }) => resumeAt(place) > 0)
    .sort((a, b) => (b.place?.at ?? 0) - (a.place?.at ?? 0))[0];
  const fresh = places.find(({ place }) => !place || !isSeen(place));
  return begun ?? fresh ?? places[0];
}

/** @param {Title} title */
function watchButton(title) {
  const start = next(title);
  if (!start) return h('p', { class: 'quiet' }, 'This title has no episodes yet.');
  const at = resumeAt(start.place);
  const episode = title.episodes.length > 1 ? `episode ${start.episode.number}` : '';
  const text = at > 0 ? facts(`Resume ${episode}`.trim(), clock(at)) : `Watch ${episode}`.trim();
  return h(
    'a',
    { class: 'button button-main', href: watchPath(start.episode.id), 'data-step': true },
    icon('play'),
    text,
  );
}

/** @param {Title} title */
function factLine(title) {
  const { episodes } = title;
  const total = episodes.reduce((sum, episode) => sum + (episode.durationMs ?? 0), 0);
  return facts(
    title.metadata.year,
    episodes.length > 1 && `${episodes.length} episodes`,
    total > 0 && length(total),
    episodes.length === 1 && episodes[0]?.label,
  );
}

/** Facts beyond the year, as the catalogue gives them. @param {Title} title */
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
 * @param {boolean} kept
 * @returns {Promise<Page>}
 */
export async function titlePage(id, kept) {
  const title = await readTitle(id, kept);
  const image = title.bannerImage || title.coverImage;
  const head = h(
    'section',
    { class: 'lead' },
    glow(title.title, image),
    h('div', { class: 'lead-art' }, art({ id, title: title.title, image, eager: true })),
    h(
      'div',
      { class: 'lead-text' },
      h('h1', { class: 'display', tabindex: -1 }, title.title),
      h('p', { class: 'lead-facts' }, factLine(title)),
      title.synopsis && h('p', { class: 'lead-synopsis' }, title.synopsis),
      title.genres.length > 0 &&
        h(
          'ul',
          { class: 'genres', role: 'list', 'aria-label': 'Genres' },
          ...title.genres.map((genre) => h('li', {}, genre)),
        ),
      h('div', { class: 'actions' }, watchButton(title)),
      moreFacts(title),
    ),
  );
  const node = h(
    'article',
    { class: 'title' },
    head,
    title.episodes.length > 1 && episodeBlock(title.episodes),
    title.recommendations.length > 0 &&
      shelf('More to watch', 'row', title.recommendations.map((card) => cardOf(card))),
  );
  return { title: title.title, node };
}

export function titleToCome() {
  const lines = ['line line-display', 'line line-short', 'line', 'line'];
  return h(
    'div',
    { class: 'title', 'aria-hidden': 'true' },
    h(
      'div',
      { class: 'lead' },
      h('div', { class: 'lead-art' }, bone('art')),
      h('div', { class: 'lead-text' }, ...lines.map(bone)),
    ),
  );
}
