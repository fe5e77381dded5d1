/** Notices in the place of a view: what is wrong or missing, and what the visitor can do. */

import { button, details, h } from './dom.js';
import { CatalogError, forget } from './catalog-client.js';
import { signInPage } from './view-sign-in.js';

/** @typedef {{ title: string, node: HTMLElement, leave?: () => void }} Page */

/**
 * @param {string} heading
 * @param {(HTMLElement | string)[]} texts
 * @param {HTMLElement[]} actions
 * @returns {Page}
 */
function notice(heading, texts, actions) {
  const node = h(
    'section',
    { class: 'notice' },
    h('span', { class: 'notice-mark', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')),
    h('h1', { tabindex: -1 }, heading),
    ...texts.map((text) => (typeof text === 'string' ? h('p', {}, text) : text)),
    actions.length > 0 && h('div', { class: 'actions' }, ...actions),
  );
  return { title: heading, node };
}

function homeLink() {
  return h('a', { class: 'button button-quiet', href: '/' }, 'To the library');
}

/** @returns {Page} */
export function missing() {
  return notice(
    'There is nothing here',
    ['The title may have been taken out of the library, or the address has a slip in it.'],
    [homeLink()],
  );
}

/** @param {() => void} retry @returns {Page} */
export function empty(retry) {
  const command = (/** @type {string} */ text) => h('pre', {}, h('code', {}, text));
  return notice(
    'Nothing here yet',
    [
      'Publish a folder of MP4 files, and it shows here. On the machine that serves this page:',
      command('firstframe publish ~/Films'),
      'Or, in a clone of the repository, start with your own folder:',
      command('cargo xtask up --library ~/Films'),
    ],
    [button('Look again', 'button-main', retry)],
  );
}

/** @param {HTMLElement} again @returns {Page} */
function unreachable(again) {
  const page = navigator.onLine
    ? notice(
        'The server does not answer',
        ['It may be starting, or the way to it is cut. Wait a moment, then try again.'],
        [again],
      )
    : notice('You are offline', ['This page tries again once the network is back.'], [again]);
  const gone = new AbortController();
  addEventListener('online', () => again.click(), { signal: gone.signal, once: true });
  return { ...page, leave: () => gone.abort() };
}

/**
 * @param {unknown} error
 * @param {() => void} retry
 * @returns {Promise<Page>}
 */
export async function failed(error, retry) {
  const anew = () => {
    forget();
    retry();
  };
  const again = button('Try again', 'button-main', anew);
  const kind = error instanceof CatalogError ? error.kind : 'failed';
  if (kind === 'missing') return missing();
  if (kind === 'private') return signInPage(anew);
  if (kind === 'unreachable') return unreachable(again);
  return notice(
    'The library could not be read',
    [
      'The server has a problem of its own. Wait a moment, then try again.',
      details(error instanceof Error ? error.message : String(error)),
    ],
    [again, homeLink()],
  );
}
