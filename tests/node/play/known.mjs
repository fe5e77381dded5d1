// Where the player is worse than the browser's own element, and why. A row of the play table that is
// worse and not in this list fails the test.

/**
 * @typedef {object} Known
 * @property {string} file name of the film, without its ending
 * @property {RegExp} finding
 * @property {string} why
 * @property {string} [said] what a person is told, where it is an event
 * @property {"Chromium" | "Firefox"} [browser] in that one only
 * @property {"episode" | "src"} [way] in that one only
 */

const SPEED = 'The film asks for another speed of its pictures. Browsers ignore that in different ways; ours plays '
  + 'all pictures of such an edit at the usual speed, and its length says so.';
const ONE_EDIT = 'Firefox plays the media as if the edit list had one edit; ours follows the list.';
const ALL_KEYS = 'The browser\'s own player begins at a picture that is no key frame, and shows the next key frame, up to '
  + '10 s off, or fails; ours shows the picture of that time.';
const EARLY = 'Firefox\'s own player shows pictures of Matroska up to one picture earlier than Chromium\'s; ours shows '
  + 'them as Chromium does.';
const NO_HEVC = 'Chromium has no decoder for the pictures here, and native plays the sound alone, without a word.';

/** @type {Known[]} */
export const KNOWN = [
  {
    file: 'sound-late', browser: 'Firefox', finding: /^(length|no sound)/,
    why: 'Firefox\'s own player begins the sound at once; ours begins it when the edit list says.',
  },
  ...['sound-with-hole', 'hole'].map((file) => /** @type {Known} */ ({
    file, browser: 'Chromium', finding: /^no sound/,
    why: 'Chromium\'s own player plays sound after a seek to where the film has none; ours is silent there.',
  })),
  { file: 'rate-2', finding: /^length|picture/, why: SPEED },
  { file: 'rate-half', finding: /picture/, why: SPEED },
  { file: 'slow-middle', finding: /picture/, why: SPEED },
  { file: 'c38c-slow-middle', finding: /^length|picture/, why: SPEED },
  { file: 'dwell', browser: 'Firefox', finding: /picture/, why: ONE_EDIT },
  { file: 'jump', browser: 'Firefox', finding: /picture/, why: ONE_EDIT },
  ...['hevc', 'hevc-hev1', 'hevc-10-bit', 'dolby-vision-5', 'dolby-vision-8', 'matroska-hevc',
    'androidx__hlg10-color-test', 'vanilagy__video-h265'].map(
    (file) => /** @type {Known} */ ({
      file, browser: 'Chromium', finding: /^error: This browser does not play/, why: NO_HEVC,
      said: '"This browser does not play HEVC (or Dolby Vision), in which the film is."',
    })),
  ...['matroska', 'matroska-live', 'matroska-flac', 'matroska-mp3', 'matroska-uneven', 'matroska-hevc'].map(
    (file) => /** @type {Known} */ ({ file, browser: 'Firefox', way: 'episode', finding: /picture/, why: EARLY })),
  {
    file: 'matroska-live', browser: 'Chromium', way: 'episode', finding: /^a seek/,
    why: 'Chromium\'s own player does not know its length, and does not seek; ours does.',
  },
  {
    file: 'half-written', finding: /^not published/, said: '"is cut short" by `publish`.',
    why: 'The file is cut off, and native stops with an error at the cut.',
  },
  {
    file: 'fragments-cut', finding: /^length/,
    why: 'The file is cut off within a fragment that would end at 30 s, and has 28 s.',
  },
  ...['all-in-stss', 'c07-all-in-stss'].map((file) => /** @type {Known} */ ({ file, finding: /picture/, why: ALL_KEYS })),
  {
    file: 'fragments-sidx-each', browser: 'Firefox', finding: /picture/,
    why: 'Firefox\'s own player shows each picture two pictures early, as if the first one were at 0; ours shows it when '
      + 'the file says.',
  },
  {
    file: 'c05-picture-6s-late', browser: 'Firefox', finding: /picture/,
    why: 'Firefox\'s own player shows each picture 5.5 s early; ours shows it when the edit list says.',
  },
];

/** The entry for a finding. @param {string} name @param {string} browser @param {string} way @param {string} finding */
export function known(name, browser, way, finding) {
  return KNOWN.find((one) => one.file === name.replace(/\.\w+$/, '') && one.finding.test(finding)
    && (one.browser ?? browser) === browser && (one.way ?? way) === way);
}
