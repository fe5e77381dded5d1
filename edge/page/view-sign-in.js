/**
 * The view of a private library to somebody who has not signed in: asks for its password, or for name and
 * password of an account. And in the head of the page who has signed in, and the way out.
 */

import { button, h } from './dom.js';
import { takeToken, token } from './history.js';
import { forgetResumePositions } from './resume-positions.js';

/** @typedef {import('./view-notice.js').Page} Page */

const SESSION = '/api/v2/session';
/** Argon2 on a slow server takes a second, and others may be in front. */
const TIMEOUT_MS = 20_000;
/** Key in localStorage: the name by which this device has signed in; empty in a library with one password. */
const SIGNED_IN = 'firstframe.signed-in';

/** Key in localStorage: an account has signed out, and its page is gone when the next one loads. */
const SIGNED_OUT = 'firstframe.signed-out';

/** @param {string} key @param {string | null} value */
function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Without storage the head of the page shows nothing after a reload.
  }
}

/** @param {string} key @returns {string | null} */
function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** What this device stores of another account is not this one's. @param {string | null} client */
function changeViewer(client) {
  if (client !== null && client === token()) return;
  forgetResumePositions();
  takeToken(client);
}

/** Takes the token of the account, so that this device shows its history. */
async function becomeAccount() {
  const response = await fetch(`${SESSION}/anonymous`, { method: 'POST' }).catch(() => null);
  const body = response?.ok ? await response.json().catch(() => null) : null;
  changeViewer(body?.data?.clientToken ?? null);
}

/** @param {string} method @param {object} [body] */
function send(method, body) {
  return fetch(SESSION, {
    method,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}

/** Whether signing in takes a name. @returns {Promise<boolean>} */
async function needsName() {
  const response = await send('GET').catch(() => null);
  const body = response?.ok ? await response.json().catch(() => null) : null;
  return body?.data?.needsName === true;
}

/**
 * @param {{ name?: string, password: string }} credentials
 * @returns {Promise<string>} What is wrong; empty: nothing.
 */
async function signIn(credentials) {
  try {
    const response = await send('POST', credentials);
    const body = await response.json().catch(() => null);
    if (response.ok) {
      const name = body?.data?.name ?? '';
      if (name) await becomeAccount();
      store(SIGNED_IN, name);
      return '';
    }
    const code = body?.error?.code;
    if (code === 'wrong_password') {
      return credentials.name === undefined
        ? 'That is not the password. Try again.'
        : 'The name or the password is wrong. Try again.';
    }
    if (code === 'too_many_attempts') {
      const minutes = Math.ceil(Number(response.headers.get('retry-after')) / 60) || 1;
      return `Too many attempts. Try again in ${minutes} minute${minutes === 1 ? '' : 's'}.`;
    }
    return 'The server could not check the password. Try again in a while.';
  } catch {
    return 'The server does not answer. Check the network, then try again.';
  }
}

/** Signs out on this device, where the next person starts anew. @param {HTMLButtonElement} control */
async function signOut(control) {
  control.disabled = true;
  const response = await send('DELETE').catch(() => null);
  if (!response?.ok) {
    control.disabled = false;
    control.textContent = 'Not signed out. Try again';
    return;
  }
  // A film that plays stores its position once more when the page goes.
  if (stored(SIGNED_IN)) store(SIGNED_OUT, '');
  store(SIGNED_IN, null);
  location.assign('/');
}

/** Shows in the head of the page who has signed in on this device. */
export function showSignedIn() {
  if (stored(SIGNED_OUT) !== null) {
    changeViewer(null);
    store(SIGNED_OUT, null);
  }
  document.getElementById('signed-in')?.remove();
  const name = stored(SIGNED_IN);
  if (name === null) return;
  const out = button('Sign out', 'button-quiet', () => signOut(out));
  const shown = h('div', { id: 'signed-in' }, name && h('bdi', {}, name), out);
  document.querySelector('header.top')?.append(shown);
}

/** @param {string} id @param {string} text @param {Record<string, string | number>} attributes */
function field(id, text, attributes) {
  const input = h('input', { id, name: id, required: true, ...attributes });
  return { input, parts: [h('label', { for: id }, text), input] };
}

/** @param {boolean} byName @param {() => void} done */
function signInForm(byName, done) {
  const name = field('username', 'Name', {
    type: 'text', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: 128,
  });
  const password = field('password', 'Password', {
    type: 'password', autocomplete: 'current-password', maxlength: 256,
  });
  const submit = h('button', { type: 'submit', class: 'button button-main' }, 'Sign in');
  const wrong = h('p', { role: 'alert' });
  const actions = h('div', { class: 'actions' }, submit);
  const names = byName ? name.parts : [];
  const form = h('form', { class: 'sign-in' }, ...names, ...password.parts, wrong, actions);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const credentials = { password: password.input.value };
    wrong.textContent = await signIn(byName ? { name: name.input.value, ...credentials } : credentials);
    submit.disabled = false;
    if (wrong.textContent) return password.input.select();
    showSignedIn();
    done();
  });
  return form;
}

/** @param {() => void} done @returns {Promise<Page>} */
export async function signInPage(done) {
  store(SIGNED_IN, null);
  showSignedIn();
  const byName = await needsName();
  const title = 'This library is private';
  const head = h('h1', { tabindex: -1 }, title);
  const asked = byName ? 'give you a name and a password.' : 'tell you its password.';
  const text = h('p', {}, `Whoever runs it can ${asked}`);
  return { title, node: h('section', { class: 'notice' }, head, text, signInForm(byName, done)) };
}
