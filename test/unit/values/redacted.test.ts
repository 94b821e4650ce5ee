import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { Redacted } from '../../../operator/values/redacted.ts';

test('a redacted value shows in no print, and only reveal gives it', () => {
  const secret = new Redacted('hunter2');

  const prints = [JSON.stringify({ secret }), inspect({ secret }, { showHidden: true }), String(secret)];

  expect(prints).toEqual(['{"secret":"[redacted]"}', '{ secret: [redacted] }', '[redacted]']);
  expect(secret.reveal()).toBe('hunter2');
});
