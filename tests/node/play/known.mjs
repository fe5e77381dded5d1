// Where the player is worse than the browser's own element, and why. A row of the play table that is
// worse and not in this list fails the test.

/**
 * @typedef {object} Known
 * @property {string} file name of the film, without its ending
 * @property {RegExp} finding
 * @property {string} why
 * @property {string} said what a person is told
 * @property {"Chromium" | "Firefox"} [browser] in that one only
 * @property {"episode" | "src"} [way] in that one only
 */

/** @type {Known[]} */
export const KNOWN = [];

/** The entry for a finding. @param {string} name @param {string} browser @param {string} way @param {string} finding */
export function known(name, browser, way, finding) {
  return KNOWN.find((one) => one.file === name.replace(/\.\w+$/, '') && one.finding.test(finding)
    && (one.browser ?? browser) === browser && (one.way ?? way) === way);
}
