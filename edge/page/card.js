/** Pictures, cards and rows of them. */

import { h } from './dom.js';
import { placeholderArt } from './placeholder-art.js';
import { share } from './resume-positions.js';
import { titlePath, watchPath } from './route.js';
import { facts, length } from './format.js';

/** @typedef {import('./library.js').Card} Card */
/** @typedef {import('./resume-positions.js').ResumePosition} ResumePosition */

/**
 * A picture of 16:9. An upright poster is shown whole, before a blurred copy of itself.
 *
 * @param {{ id: string, title: string, image: string, eager?: boolean }} of
 */
export function art({ id, title, image, eager = false }) {
  const frame = h('span', { class: 'art', 'data-art': id });
  if (!image) {
    frame.append(placeholderArt(title));
    return frame;
  }
  const picture = h('img', {
    alt: '',
    decoding: 'async',
    loading: eager ? 'eager' : 'lazy',
    fetchpriority: eager ? 'high' : undefined,
  });
  picture.addEventListener('load', () => {
    frame.classList.add('art-there');
    if (picture.naturalHeight <= picture.naturalWidth) return;
    frame.classList.add('art-upright');
    frame.prepend(h('img', { alt: '', class: 'art-behind', src: image }));
  });
  picture.addEventListener('error', () => frame.replaceChildren(placeholderArt(title)));
  picture.src = image;
  if (picture.complete && picture.naturalWidth > 0) frame.classList.add('art-there');
  frame.append(picture);
  return frame;
}

/** @param {number} part 0 to 1. */
export function progress(part) {
  const bar = h('span', { class: 'progress', 'aria-hidden': 'true' }, h('span'));
  bar.style.setProperty('--part', part.toFixed(4));
  return bar;
}

/**
 * @param {Card} card
 * @param {boolean} [eager]
 */
export function cardOf(card, eager = false) {
  const { id, title } = card;
  const meta = facts(card.statusLabel, card.episodeLabel);
  return h(
    'a',
    { class: 'card', href: titlePath(id), 'data-step': true },
    art({ id, title, image: card.coverImage, eager }),
    h('span', { class: 'card-title' }, title),
    meta && h('span', { class: 'card-meta' }, meta),
  );
}

/** @param {ResumePosition} place */
export function cardOfPosition(place) {
  const { catalogId: id, title } = place;
  const left = place.duration - place.position;
  const frame = art({ id, title, image: place.coverImage });
  if (place.position > 0) frame.append(progress(share(place)));
  const detail = place.detail === title ? '' : place.detail;
  return h(
    'a',
    { class: 'card', href: watchPath(place.episodeId), 'data-step': true },
    frame,
    h('span', { class: 'card-title' }, title),
    h('span', { class: 'card-meta' }, facts(detail, left > 0 && `${length(left * 1000)} left`)),
  );
}

/**
 * @param {string} heading
 * @param {'row' | 'grid'} shape
 * @param {HTMLElement[]} cards
 */
export function shelf(heading, shape, cards) {
  const id = `shelf-${heading.toLowerCase().replaceAll(' ', '-')}`;
  return h(
    'section',
    { class: `shelf shelf-${shape}`, 'aria-labelledby': id },
    h('h2', { id }, heading),
    h('ul', { role: 'list' }, ...cards.map((card) => h('li', {}, card))),
  );
}

/** @param {number} count */
export function shelfToCome(count) {
  const card = () =>
    h('li', {}, h('span', { class: 'card' }, bone('art'), bone('line'), bone('line line-short')));
  return h(
    'section',
    { class: 'shelf shelf-grid' },
    h('ul', {}, ...Array.from({ length: count }, card)),
  );
}

/** The same picture, as the light that it throws. @param {string} title @param {string} image */
export function glow(title, image) {
  return h('div', { class: 'glow', 'aria-hidden': 'true' }, art({ id: '', title, image }));
}

/** A grey shape where something is to come. @param {string} shape */
export function bone(shape) {
  return h('span', { class: `bone ${shape}` });
}
