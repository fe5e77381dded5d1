/** The page: shows the view that the address means, and moves between views without loading. */

import { moveFocusByArrows } from './shortcuts.js';
import { home } from './catalog-client.js';
import { parse } from './route.js';
import { homePage, homeLoading } from './view-home.js';
import { failed, missing } from './view-notice.js';
import { titlePage, titleLoading } from './view-title.js';
import { watchPage } from './view-watch.js';
import { prefetchOnIntent, prefetchPlayer } from './prefetch.js';

/** @typedef {import('./route.js').Route} Route */
/** @typedef {import('./view-notice.js').Page} Page */
/** @typedef {'load' | 'link' | 'travel'} Cause */

/** An answer within this time shows at once; grey shapes would only flicker. */
const LOADING_AFTER_MS = 150;
/** Scroll positions of views left behind. */
const SCROLLS_MAX = 200;

const NAME = 'Firstframe';
const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const live = /** @type {HTMLElement} */ (document.getElementById('live'));

const SCROLLS_KEY = 'firstframe.scrolls';
/** By history entry; outlives a reload. */
const scrolls = storedScrolls();
let visit = 0;
let entry = 0;
/** @type {Page | undefined} */
let shown;
/** The transition between views that is on the screen. @type {ViewTransition | undefined} */
let moving;

/** @returns {Map<number, number>} */
function storedScrolls() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(SCROLLS_KEY) ?? '[]'));
  } catch {
    return new Map();
  }
}

/** Characters that turn the direction of text behind them (UAX #9). */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;

/** @param {string} title */
function setTitle(title) {
  const name = title.replace(TURNS, '');
  document.title = name ? `${name} · ${NAME}` : NAME;
}

/**
 * @param {Route} route
 * @param {Cause} cause
 * @param {(error: unknown) => void} fail
 * @returns {Promise<Page>}
 */
async function pageOf(route, cause, fail) {
  const useOld = cause === 'travel';
  switch (route.view) {
    case 'home':
      return homePage(useOld, () => show('load'));
    case 'title':
      return titlePage(route.id, useOld);
    case 'watch':
      return watchPage(route, { useOld, autoplay: cause !== 'load', setTitle, fail });
    case 'nothing':
      return missing();
  }
}

/** @param {Route} route */
function loadingViewOf(route) {
  if (route.view === 'home') return homeLoading();
  return route.view === 'title' ? titleLoading() : undefined;
}

/** The picture of `id` that is on the screen. @param {string | undefined} id */
function artOf(id) {
  if (!id) return undefined;
  const all = [...main.querySelectorAll(`[data-art="${CSS.escape(id)}"]`)];
  const focused = document.activeElement?.querySelector(`[data-art="${CSS.escape(id)}"]`);
  const seen = all.find((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  });
  const found = focused ?? seen;
  return found instanceof HTMLElement ? found : undefined;
}

/**
 * Puts `change` on the screen; the picture of the title that both views show moves along.
 *
 * @param {() => void} change
 * @param {boolean} smooth
 * @param {string | undefined} id
 */
function swap(change, smooth, id) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (!smooth || still || typeof document.startViewTransition !== 'function') return change();
  const before = artOf(id);
  if (before) before.style.viewTransitionName = 'art';
  /** @type {HTMLElement | undefined} */
  let after;
  const transition = document.startViewTransition(() => {
    if (before) before.style.viewTransitionName = '';
    change();
    after = artOf(id);
    if (after) after.style.viewTransitionName = 'art';
  });
  moving = transition;
  // Skipped transitions reject; the view has changed all the same.
  const done = () => {
    if (after) after.style.viewTransitionName = '';
    if (moving === transition) moving = undefined;
  };
  transition.ready.catch(() => {});
  transition.updateCallbackDone.catch(() => {});
  transition.finished.then(done, done);
}

/** @param {Page} page @param {Cause} cause */
function showPage(page, cause) {
  // The document may have come with it, and a film plays on where it is.
  if (page.node.parentNode !== main) main.replaceChildren(page.node);
  setTitle(page.title);
  scrollTo(0, cause === 'link' ? 0 : (scrolls.get(entry) ?? 0));
  if (cause === 'load') return;
  const heading = main.querySelector('h1');
  heading?.focus({ preventScroll: true });
  live.textContent = page.title || 'Library';
}

let lastId = /** @type {string | undefined} */ (undefined);

/** @param {Cause} cause */
async function show(cause) {
  const turn = (visit += 1);
  const current = () => turn === visit;
  const route = parse(location.pathname);
  const leaving = shown;
  shown = undefined;
  leaving?.leave?.();
  const id = route.view === 'title' ? route.id : lastId;
  lastId = route.view === 'title' ? route.id : undefined;
  const retry = () => show('load');
  const settle = (/** @type {Page} */ page, /** @type {boolean} */ smooth) => {
    if (!current()) return page.leave?.();
    shown = page;
    swap(() => current() && showPage(page, cause), smooth, id);
  };
  const fail = (/** @type {unknown} */ error) => {
    if (!current()) return;
    shown?.leave?.();
    settle(failed(error, retry), false);
  };
  let shaped = false;
  const shapes = setTimeout(() => {
    const node = current() && loadingViewOf(route);
    if (!node) return;
    shaped = true;
    main.replaceChildren(node);
    scrollTo(0, 0);
  }, cause === 'load' ? 0 : LOADING_AFTER_MS);
  try {
    const page = await pageOf(route, cause, fail);
    settle(page, cause !== 'load' && !shaped);
  } catch (error) {
    fail(error);
  } finally {
    clearTimeout(shapes);
  }
}

/** A name for an entry of the history that no other entry of this tab has. */
function newEntry() {
  return Date.now();
}

function leaveScroll() {
  scrolls.set(entry, scrollY);
  const [oldest] = scrolls.keys();
  if (scrolls.size > SCROLLS_MAX && oldest !== undefined) scrolls.delete(oldest);
}

/**
 * What a person clicks on. While views change, pictures of them lie over the page and take every
 * click, so that one is done with first.
 *
 * @param {MouseEvent} event
 */
function clickedOn(event) {
  if (!moving) return event.target;
  moving.skipTransition();
  return document.elementFromPoint(event.clientX, event.clientY);
}

/** @param {MouseEvent} event */
function onClick(event) {
  const target = clickedOn(event);
  const link = target instanceof Element ? target.closest('a') : null;
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (!link || !plain || event.altKey || event.defaultPrevented) return;
  if (link.origin !== location.origin || link.hash || link.target) return;
  if (parse(link.pathname).view === 'nothing') return;
  event.preventDefault();
  if (link.pathname === location.pathname) return scrollTo({ top: 0, behavior: 'smooth' });
  leaveScroll();
  entry = newEntry();
  history.pushState({ entry }, '', link.pathname);
  show('link');
}

/** @param {PopStateEvent} event */
function onTravel(event) {
  leaveScroll();
  entry = Number(event.state?.entry) || 0;
  show('travel');
}

history.scrollRestoration = 'manual';
entry = Number(history.state?.entry) || newEntry();
history.replaceState({ entry }, '');
// Every view leads back to the library: the page's head preloads it, and its answer is cached here.
home().catch(() => {
  // The home view requests it again, and shows what is wrong.
});
document.addEventListener('click', onClick);
addEventListener('pagehide', () => {
  leaveScroll();
  try {
    sessionStorage.setItem(SCROLLS_KEY, JSON.stringify([...scrolls]));
  } catch {
    // Without storage a reload begins at the top.
  }
});
addEventListener('popstate', onTravel);
moveFocusByArrows();
prefetchOnIntent();
show('load');
// Visitors play something: the player is fetched when the browser is idle.
(globalThis.requestIdleCallback ?? setTimeout)(() => prefetchPlayer());
