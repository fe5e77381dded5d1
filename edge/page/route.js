/** Which view an address means. */

/**
 * @typedef {{ view: 'home' }
 *   | { view: 'title', id: string }
 *   | { view: 'watch', id: string, episodeId: string }
 *   | { view: 'nothing' }} Route
 */

/** The form of every id, as `crates/api/src/limits.rs` has it. */
const ID = '[a-z0-9][a-z0-9._-]{0,127}';
const TITLE = new RegExp(`^/title/(${ID})/?$`);
/** An episode is `{catalogId}.{key}`: the last dot parts them. */
const WATCH = new RegExp(`^/watch/((${ID})\\.[a-z0-9][a-z0-9-]*)/?$`);

/**
 * @param {string} path
 * @returns {Route}
 */
export function parse(path) {
  if (path === '/') return { view: 'home' };
  const title = TITLE.exec(path)?.[1];
  if (title) return { view: 'title', id: title };
  const [, episodeId, id] = WATCH.exec(path) ?? [];
  if (episodeId && id) return { view: 'watch', id, episodeId };
  return { view: 'nothing' };
}

/** @param {string} id */
export function titlePath(id) {
  return `/title/${encodeURIComponent(id)}`;
}

/** @param {string} episodeId */
export function watchPath(episodeId) {
  return `/watch/${encodeURIComponent(episodeId)}`;
}
