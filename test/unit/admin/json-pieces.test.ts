import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { jsonPieces } from '../../../operator/admin/json-pieces.ts';
import { redact } from '../../../operator/admin/redact.ts';
import { Redacted } from '../../../operator/values/redacted.ts';

const whole = (value: unknown): string => [...jsonPieces(value)].join('');

test('the pieces together are the redacted value, indented', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      expect(whole(value)).toBe(`${JSON.stringify(redact(value), null, 2)}\n`);
    }),
  );
});

test('secrets are hidden at each depth', () => {
  const secret = { tls_certificate: { private_key: { inline_string: 'x' } } };
  const deep = [secret, { a: { b: { c: { d: { e: [secret, new Redacted('x')] } } } } }];

  expect(JSON.parse(whole(deep))).toEqual(redact(deep));
  expect(whole(deep)).not.toContain('"x"');
});

test('lists and Maps may be anything that can be gone through', () => {
  const items = {
    *[Symbol.iterator]() {
      yield new Map([['a', 1]]);
      yield new Set([2]);
    },
  };

  expect(JSON.parse(whole({ items }))).toEqual({ items: [{ a: 1 }, [2]] });
});

test('an item is made when its piece is asked for', () => {
  let made = 0;
  const items = {
    *[Symbol.iterator]() {
      for (;;) yield `${(made += 1)}${'x'.repeat(10_000)}`;
    },
  };

  jsonPieces({ items }).next();

  expect(made).toBeLessThan(10);
});
