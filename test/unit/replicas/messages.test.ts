// Batches as messages of bounded size.
import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../../operator/replicas/changes.ts';
import { readMessage, writeBatch } from '../../../operator/replicas/messages.ts';
import { CDS } from './worlds.ts';

describe('a batch', () => {
  test('with nothing in it is one message', () => {
    expect([...writeBatch('r', [])].map(String)).toEqual(['{"replica":"r","changes":[],"end":true}']);
  });

  test('of a large state is many messages of bounded size, and only the last ends it', () => {
    const set = Array.from({ length: 15_000 }, (_, index): [string, string] => [
      `outbound/service-${index}.namespace:8080`,
      'abcdefghijklmnop',
    ]);
    const changes: Change[] = [{ type: 'versions', layer: 'shared', typeUrl: CDS, set, unset: [] }];

    const messages = [...writeBatch('r', changes)];
    const read = messages.map(readMessage).flatMap((it) => (it.ok ? it.message : []));

    expect(Math.max(...messages.map(({ length }) => length))).toBeLessThan(100 * 1024);
    expect(read).toHaveLength(messages.length);
    expect(read.map(({ end }) => end)).toEqual([...read.slice(1).map(() => false), true]);
    expect(
      read.flatMap(({ changes: some }) => some.flatMap((it) => (it.type === 'versions' ? it.set : []))),
    ).toEqual(set);
  });
});

describe('what a peer says is checked', () => {
  test.each([
    ['no JSON', '{"replica":', 'The message cannot be read: SyntaxError'],
    ['nobody’s', '{"replica":"","changes":[],"end":true}', 'The message cannot be read: replica'],
    ['no end', '{"replica":"r","changes":[]}', 'The message cannot be read: end'],
    [
      'an unknown change',
      '{"replica":"r","changes":[{"type":"x"}],"end":true}',
      'The message cannot be read: changes.0.type',
    ],
    [
      'a version that is no text',
      '{"replica":"r","changes":[{"type":"versions","layer":"l","typeUrl":"t","set":[["a",1]],"unset":[]}],"end":true}',
      'The message cannot be read: changes.0.set.0.1',
    ],
    ['too large', ' '.repeat(5 * 1024 * 1024), 'The message cannot be read: it has 5242880 bytes.'],
  ])('%s', (_what, text, problem) => {
    const read = readMessage(Buffer.from(text));

    expect(read).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test('fields of a later version are no harm', () => {
    const read = readMessage(Buffer.from('{"replica":"r","changes":[],"end":true,"more":1}'));

    expect(read).toEqual({ ok: true, message: { replica: 'r', changes: [], end: true } });
  });
});
