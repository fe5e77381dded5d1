/** Draws a picture for a title that has none: hills under a sky, always the same for one title. */

import { s } from './dom.js';

/** Sky from above to the horizon, disc, far hill, near hill. */
const PALETTES = [
  ['#2b3f7c', '#a66f92', '#ffb07a', '#ffe6bd', '#8d5a58', '#2a2a3d'],
  ['#0b1433', '#233a6b', '#4d7396', '#e4edff', '#1e3350', '#0a1226'],
  ['#3a7ca5', '#8fc0cf', '#f4e3c1', '#fff6df', '#5d7f7a', '#1f3f46'],
  ['#3c1f4a', '#99466a', '#f2937a', '#ffd9b0', '#6b3355', '#241530'],
  ['#12343b', '#2f6f68', '#c9d8a4', '#f7f3c8', '#2c5a4f', '#0e2a2c'],
  ['#1d1b3a', '#4c3f86', '#c58fc6', '#fbe4ff', '#46356e', '#171230'],
  ['#5a2a27', '#c0643f', '#f6c177', '#fff0cf', '#7a3f31', '#2b1716'],
  ['#16324f', '#4f8fb0', '#d9e8e0', '#ffffff', '#4b7486', '#17324a'],
  ['#37475f', '#8796a8', '#dcd3c4', '#fbf6ec', '#6d7480', '#2c333f'],
  ['#0c2b3a', '#17746f', '#8fd6b0', '#eefbd9', '#125057', '#071f2a'],
  ['#4a2c5e', '#8a5aa0', '#f0b7a4', '#fff1d6', '#6f4674', '#2b1a3a'],
  ['#264a3a', '#6f9a5a', '#e8dc9a', '#fffbe0', '#4e7448', '#1a3327'],
];

let artCount = 0;

/** FNV-1a, then a small generator: any title spreads over all pictures. @param {string} text */
function seededRandom(text) {
  let state = 0x811c9dc5;
  for (const letter of text) {
    state = Math.imul(state ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/**
 * @param {() => number} random
 * @param {number} height
 * @param {number} swing
 */
function hill(random, height, swing) {
  const wave = (/** @type {number} */ n) =>
    ({ n: n * (0.7 + random() * 0.5), from: random() * 7, by: 1 / n });
  const waves = [1, 2, 3].map(wave);
  let path = 'M0 180';
  for (let x = 0; x <= 320; x += 8) {
    const turn = (x / 320) * 2 * Math.PI;
    const lift = waves.reduce((sum, w) => sum + Math.sin(turn * w.n + w.from) * w.by, 0);
    path += `L${x} ${(height + lift * swing).toFixed(1)}`;
  }
  return `${path}L320 180Z`;
}

/** @param {string} title */
export function placeholderArt(title) {
  const random = seededRandom(title);
  const palette = PALETTES[Math.floor(random() * PALETTES.length)] ?? [];
  const [above = '', middle = '', horizon = '', disc = '', far = '', near = ''] = palette;
  const sky = `sky-${(artCount += 1)}`;
  const x = 60 + random() * 200;
  const y = 54 + random() * 24;
  const letter = s(
    'text',
    { x, y: y + 1, class: 'placeholder-letter', fill: near, 'fill-opacity': 0.82 },
    document.createTextNode([...title.trim()][0]?.toUpperCase() ?? ''),
  );
  const picture = s(
    'svg',
    { viewBox: '0 0 320 180', preserveAspectRatio: 'xMidYMid slice', 'aria-hidden': 'true' },
    s(
      'linearGradient',
      { id: sky, x1: 0, y1: 0, x2: 0, y2: 1 },
      s('stop', { offset: 0, 'stop-color': above }),
      s('stop', { offset: 0.45, 'stop-color': middle }),
      s('stop', { offset: 0.8, 'stop-color': horizon }),
    ),
    s('rect', { width: 320, height: 180, fill: `url(#${sky})` }),
    s('circle', { cx: x, cy: y, r: 46, fill: disc, opacity: 0.14 }),
    s('circle', { cx: x, cy: y, r: 30, fill: disc, opacity: 0.94 }),
    letter,
    s('path', { d: hill(random, 122, 10), fill: far, opacity: 0.75 }),
    s('path', { d: hill(random, 140, 9), fill: far }),
    s('path', { d: hill(random, 160, 8), fill: near }),
  );
  // Titles that share a palette still differ in hue.
  picture.style.filter = `hue-rotate(${Math.round((random() - 0.5) * 36)}deg)`;
  return picture;
}
