// What is read once and what is read again: shared values, within bounds.
import { describe, expect, test } from '@jest/globals';
import { createRecent } from '../../../../../operator/platform/kubernetes/protobuf/recent.ts';

/** Reads the same bytes twice. */
function readTwice(length: number): readonly object[] {
  const recent = createRecent(16, (_bytes, from, to, latin1) => ({ length: to - from, latin1 }));
  const bytes = Buffer.alloc(length, 'x');
  return [recent(bytes, 0, length), recent(Buffer.from(bytes), 0, length)];
}

describe('createRecent', () => {
  test('gives the same value for the same bytes', () => {
    const [first, second] = readTwice(100);

    expect(second).toBe(first);
    expect(first).toEqual({ length: 100, latin1: 'x'.repeat(100) });
  });

  test('keeps nothing of hundreds of kilobytes', () => {
    const [first, second] = readTwice(200_000);

    expect(second).toEqual(first);
    expect(second).not.toBe(first);
  });
});
