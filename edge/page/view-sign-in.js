/** The view of a private library to somebody who has not signed in: asks for its password. */

import { h } from './dom.js';

/** @typedef {import('./view-notice.js').Page} Page */

/** Argon2 on a slow server takes a second, and others may be in front. */
const TIMEOUT_MS = 20_000;

/** Sends the password. @param {string} password @returns {Promise<string>} What is wrong; empty: nothing. */
async function signIn(password) {
  try {
    const response = await fetch('/api/v2/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return '';
    const code = (await response.json().catch(() => null))?.error?.code;
    if (code === 'wrong_password') return 'That is not the password. Try again.';
    if (code === 'too_many_attempts') {
      const minutes = Math.ceil(Number(response.headers.get('retry-after')) / 60) || 1;
      return `Too many attempts. Try again in ${minutes} minute${minutes === 1 ? '' : 's'}.`;
    }
    return 'The server could not check the password. Try again in a while.';
  } catch {
    return 'The server does not answer. Check the network, then try again.';
  }
}

function passwordInput() {
  return h('input', {
    id: 'password',
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    maxlength: 256,
  });
}

/** @param {() => void} done */
function signInForm(done) {
  const input = passwordInput();
  const send = h('button', { type: 'submit', class: 'button button-main' }, 'Sign in');
  const wrong = h('p', { role: 'alert' });
  const label = h('label', { for: 'password' }, 'Password');
  const actions = h('div', { class: 'actions' }, send);
  const form = h('form', { class: 'sign-in' }, label, input, wrong, actions);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    send.disabled = true;
    wrong.textContent = await signIn(input.value);
    send.disabled = false;
    if (!wrong.textContent) return done();
    input.select();
  });
  return form;
}

/** @param {() => void} done @returns {Page} */
export function signInPage(done) {
  const title = 'This library is private';
  const head = h('h1', { tabindex: -1 }, title);
  const text = h('p', {}, 'Whoever runs it can tell you its password.');
  return { title, node: h('section', { class: 'notice' }, head, text, signInForm(done)) };
}
