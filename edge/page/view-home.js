/** The home view: a featured title, and rows of cards. */

import {
  art, cardOf, cardOfPosition, cardSection, cardSectionLoading, glow, loadingShape,
} from './card.js';
import { h, icon } from './dom.js';
import { continueWatching } from './history.js';
import { home, title as readTitle } from './catalog-client.js';
import { titlePath, watchPath } from './route.js';
import { joinFacts } from './format.js';
import { empty } from './view-notice.js';

/** @typedef {import('./catalog-client.js').Card} Card */
/** @typedef {import('./view-notice.js').Page} Page */

/** Cards of the first screen, whose pictures are not to wait for a scroll. */
const EAGER_MAX = 4;

/** So few titles are seen at a glance: a row of their series would only say them twice. */
const GLANCE_MAX = 8;

/** @param {Card} card */
function hero(card) {
  const synopsis = h('p', { class: 'hero-synopsis' });
  const watch = h(
    'a',
    { class: 'button button-main', href: titlePath(card.id), 'data-arrow-stop': true },
    icon('play'),
    'Watch',
  );
  const more = h('a', { class: 'button button-quiet', href: titlePath(card.id) }, 'Details');
  // The card tells little; the rest may follow, and nothing moves when it does.
  readTitle(card.id, true)
    .then((title) => {
      synopsis.textContent = title.synopsis;
      const first = title.episodes[0];
      if (first) watch.href = watchPath(first.id);
    })
    .catch(() => {
      // Both links go to the title, which says what is wrong.
    });
  const picture = art({ id: card.id, title: card.title, image: card.coverImage, eager: true });
  const link = h(
    'a',
    { class: 'hero-art', href: titlePath(card.id), tabindex: -1, 'aria-hidden': 'true' },
    picture,
  );
  return h(
    'section',
    { class: 'hero', 'aria-label': 'Featured' },
    glow(card.title, card.coverImage),
    link,
    h(
      'div',
      { class: 'hero-text' },
      h('p', { class: 'eyebrow' }, joinFacts('Featured', card.statusLabel, card.episodeLabel)),
      h('h2', { class: 'display' }, card.title),
      synopsis,
      h('div', { class: 'actions' }, watch, more),
    ),
  );
}

/** @param {Card[]} cards @param {Card[]} shown */
function without(cards, shown) {
  const ids = new Set(shown.map((card) => card.id));
  return cards.filter((card) => !ids.has(card.id));
}

/**
 * @param {boolean} useOld Whether an older answer will do.
 * @param {() => void} retry
 * @returns {Promise<Page>}
 */
export async function homePage(useOld, retry) {
  const [{ featured, ongoing, recent }, positions] = await Promise.all([
    home(useOld),
    continueWatching(),
  ]);
  const [first = recent[0] ?? ongoing[0], ...others] = featured;
  if (!first) return empty(retry);
  const rest = without(others, recent);
  const series = recent.length > GLANCE_MAX ? ongoing : without(ongoing, recent);
  const node = h(
    'div',
    { class: 'home' },
    h('h1', { class: 'sr', tabindex: -1 }, 'Library'),
    hero(first),
    positions.length > 0 &&
      cardSection('Continue watching', 'row', positions.map(cardOfPosition)),
    rest.length > 0 && cardSection('Featured', 'row', rest.map((card) => cardOf(card))),
    series.length > 0 && cardSection('Series', 'row', series.map((card) => cardOf(card))),
    recent.length > 0 &&
      cardSection('Recently added', 'grid', recent.map((card, at) => cardOf(card, at < EAGER_MAX))),
  );
  return { title: '', node };
}

export function homeLoading() {
  return h(
    'div',
    { class: 'home', 'aria-hidden': 'true' },
    h(
      'div',
      { class: 'hero' },
      h('span', { class: 'hero-art' }, loadingShape('art')),
      h(
        'div',
        { class: 'hero-text' },
        loadingShape('line line-short'),
        loadingShape('line line-display'),
        loadingShape('line'),
        loadingShape('line line-short'),
      ),
    ),
    cardSectionLoading(8),
  );
}
