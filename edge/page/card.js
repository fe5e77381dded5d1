/** Pictures, cards and rows of them. */

import { h } from './dom.js';
import { placeholderArt } from './placeholder-art.js';
import { watchedShare } from './resume-positions.js';
import { titlePath, watchPath } from './route.js';
import { formatDuration, joinFacts } from './format.js';

/** @typedef {import('./catalog-client.js').Card} Card */
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
  const meta = joinFacts(card.statusLabel, card.episodeLabel);
  return h(
    'a',
    { class: 'card', href: titlePath(id), 'data-arrow-stop': true },
    art({ id, title, image: card.coverImage, eager }),
    h('span', { class: 'card-title' }, title),
    meta && h('span', { class: 'card-meta' }, meta),
  );
}

/** @param {ResumePosition} resume */
export function cardOfPosition(resume) {
  const { catalogId: id, title } = resume;
  const left = resume.duration - resume.position;
  const frame = art({ id, title, image: resume.coverImage });
  if (resume.position > 0) frame.append(progress(watchedShare(resume)));
  const detail = resume.detail === title ? '' : resume.detail;
  const meta = joinFacts(detail, left > 0 && `${formatDuration(left * 1000)} left`);
  return h(
    'a',
    { class: 'card', href: watchPath(resume.episodeId), 'data-arrow-stop': true },
    frame,
    h('span', { class: 'card-title' }, title),
    h('span', { class: 'card-meta' }, meta),
  );
}

/**
 * @param {string} heading
 * @param {'row' | 'grid'} layout
 * @param {HTMLElement[]} cards
 */
export function cardSection(heading, layout, cards) {
  const id = `section-${heading.toLowerCase().replaceAll(' ', '-')}`;
  return h(
    'section',
    { class: `card-section card-section-${layout}`, 'aria-labelledby': id },
    h('h2', { id }, heading),
    h('ul', { role: 'list' }, ...cards.map((card) => h('li', {}, card))),
  );
}

/** @param {number} count */
export function cardSectionLoading(count) {
  const shapes = () => ['art', 'line', 'line line-short'].map(loadingShape);
  const card = () => h('li', {}, h('span', { class: 'card' }, ...shapes()));
  return h(
    'section',
    { class: 'card-section card-section-grid' },
    h('ul', {}, ...Array.from({ length: count }, card)),
  );
}

/** The same picture, as the light that it throws. @param {string} title @param {string} image */
export function glow(title, image) {
  return h('div', { class: 'glow', 'aria-hidden': 'true' }, art({ id: '', title, image }));
}

/** A grey shape in the place of something that loads. @param {string} shape */
export function loadingShape(shape) {
  return h('span', { class: `loading-shape ${shape}` });
}
