// What the play table calls worse than native: one difference at a time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, summary } from './judge.mjs';

const point = (at, changes = {}) => ({
  target: at, at, isSeeked: true, hasMoved: true, movedTo: at + 0.4, picture: [10, 20, 30],
  sound: { hz: 330, db: -32 }, ...changes,
});
const seen = (changes = {}) => /** @type {any} */ ({
  hasStarted: true, hasFailed: false, base: 0, duration: 60, first: { picture: [1, 2, 3] },
  start: point(0), seeks: [point(14), point(37), point(50)], events: [], state: {}, ...changes,
});
const seeks = (changes) => [point(14), point(37, changes), point(50)];
const fault = [{ type: 'firstframe-error', message: 'The film is broken.' }];

test('playback as native has no finding', () => {
  assert.deepEqual(findings(seen(), seen(), { hasTone: true }), []);
  // What is shown from 0 is the same as what native shows from an hour on.
  const later = seen({ base: 3600, seeks: [14, 37, 50].map((at) => point(3600 + at)) });
  assert.deepEqual(findings(later, seen(), { hasTone: true }), []);
  assert.equal(summary(later), 'plays 60 s from 3600 s');
});

/** @type {Array<[string, object, string[]]>} */
const WORSE = [
  ['film that never starts', { hasStarted: false, seeks: [] }, ['stands before its first picture, without an error']],
  ['film that ends with an error', { hasStarted: false, hasFailed: true, events: fault, seeks: [] }, ['error: The film is broken.']],
  ['film that does not move', { start: point(0, { hasMoved: false, movedTo: 0.5 }), seeks: [] }, ['stands at 0.5 s, without an error']],
  ['shorter film', { duration: 30 }, ['length 30 s, not 60 s']],
  ['film without a length', { duration: null }, ['length unknown, not 60 s']],
  ['seek without an end', { seeks: seeks({ isSeeked: false }) }, ['a seek to 37 s does not end']],
  ['seek that stands', { seeks: seeks({ hasMoved: false }) }, ['stands after a seek to 37 s']],
  ['seek to another place', { seeks: seeks({ at: 30 }) }, ['a seek to 37 s goes to 30 s']],
  ['seek that was not made', { seeks: [point(14), point(37)] }, ['a seek was not made']],
  ['other picture', { seeks: seeks({ picture: [20, 30, 40] }) }, ['another picture at 37 s (differs by 10.0)']],
  ['missing picture', { first: { picture: null } }, ['no picture at the start']],
  ['silence', { seeks: seeks({ sound: { hz: 0, db: -200 } }) }, ['no sound at 37 s']],
  ['other tone', { seeks: seeks({ sound: { hz: 660, db: -32 } }) }, ['sound of 660 Hz at 37 s, not 330 Hz']],
  ['error at its end', { hasFailed: true, events: fault }, ['error: The film is broken.']],
  ['page without an answer', { lost: 'the page does not answer' }, ['the page does not answer']],
];
for (const [name, changes, expected] of WORSE) {
  test(`${name} is found`, () => assert.deepEqual(findings(seen(), seen(changes), { hasTone: true }), expected));
}

test('film that native does not play may end with an error, and may not stand', () => {
  const native = seen({ hasStarted: false, hasFailed: true, seeks: [] });
  const ended = seen({ hasStarted: false, hasFailed: true, events: fault, seeks: [] });
  assert.deepEqual(findings(native, ended, { hasTone: true }), []);
  const standing = seen({ hasStarted: false, seeks: [] });
  assert.deepEqual(findings(native, standing, { hasTone: true }), ['stands before its first picture, without an error']);
  assert.deepEqual(findings(native, seen(), { hasTone: true }), []);
});

test('tone that the file asks for is right where native plays another', () => {
  const ours = seen({ seeks: seeks({ sound: { hz: 662, db: -32 } }) });
  assert.deepEqual(findings(seen(), ours, { hasTone: true, hz: 662 }), []);
});

test('a beep of the tone is the same tone', () => {
  const ours = seen({ seeks: seeks({ sound: { hz: 1318, db: -32 } }) });
  assert.deepEqual(findings(seen(), ours, { hasTone: true }), []);
});

test('length that the file states is right where native finds another', () => {
  assert.deepEqual(findings(seen({ duration: 2 }), seen(), { hasTone: true, seconds: 60 }), []);
});
