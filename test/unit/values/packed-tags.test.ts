// Several tags reported as one come out as they went in; what no sidecar of ours sends is not believed.
import { expect, test } from '@jest/globals';
import { array, assert, property, string } from 'fast-check';
import { pack, unpack } from '../../../operator/values/packed-tags.ts';

const part = string().filter((it) => !it.includes('|'));

test('what was packed comes out, by name', () => {
  assert(
    property(
      array(part, { minLength: 1, maxLength: 9 }),
      array(part, { minLength: 9, maxLength: 9 }),
      (names, more) => {
        const values = more.slice(0, names.length);
        const pairs = names.map((name, at) => [name, values[at]]);
        expect(unpack(pack(names), pack(values))).toEqual(pairs);
      },
    ),
  );
});

test('a tag with one name may have a | in its value', () => {
  expect(unpack('route', 'GET /a|b')).toEqual([['route', 'GET /a|b']]);
});

test.each([
  ['fewer values than names', 'source|port|code', 'a|80'],
  ['more values than names', 'source|port', 'a|80|200'],
  ['a hundred thousand names', 'source|'.repeat(100_000), 'a|'.repeat(100_000)],
])('not %s', (_what, name, value) => {
  expect(unpack(name, value)).toBeNull();
});
