/** Makes elements. Text goes in as text, never as markup. */

/** @typedef {string | Node | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | undefined>} Attributes */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {Element} element
 * @param {Attributes} attributes
 */
function dress(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  dress(element, attributes);
  for (const child of children) {
    if (child) element.append(child);
  }
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...Node} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  dress(element, attributes);
  element.append(...children);
  return element;
}

/**
 * A button that does something on this page.
 *
 * @param {string} text
 * @param {string} look
 * @param {() => void} action
 */
export function button(text, look, action) {
  const element = h('button', { type: 'button', class: `button ${look}` }, text);
  element.addEventListener('click', action);
  return element;
}

/** A technical line, which is shown on demand. @param {string} text */
export function details(text) {
  return h('details', { class: 'technical' }, h('summary', {}, 'Details'), h('p', {}, text));
}

/** @param {'play' | 'back' | 'on' | 'again'} name */
export function icon(name) {
  const paths = {
    play: 'M7 4.8v14.4a1 1 0 0 0 1.5.86l12-7.2a1 1 0 0 0 0-1.72l-12-7.2A1 1 0 0 0 7 4.8z',
    back: 'M15 5l-7 7 7 7',
    on: 'M9 5l7 7-7 7',
    again: 'M4 12a8 8 0 1 0 2.6-5.9M4 4v5h5',
  };
  const solid = name === 'play';
  return s(
    'svg',
    { class: `icon ${solid ? 'icon-solid' : ''}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    s('path', { d: paths[name] }),
  );
}
