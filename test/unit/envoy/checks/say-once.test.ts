import { expect, test } from '@jest/globals';
import { sayOnce } from '../../../../operator/envoy/checks/say-once.ts';

test.each<[string, string[], string[]]>([
  ['nothing', [], []],
  ['one problem', ['a: must be set'], ['a: must be set']],
  ['the same of many fields', ['a[0].b: bad', 'a[1].b: bad', 'a[2].b: bad'], ['a[0].b and 2 more: bad']],
  ['others of one field', ['a: bad', 'a: worse'], ['a: bad', 'a: worse']],
  ['the order of the first', ['a: bad', 'b: worse', 'c: bad'], ['a and 1 more: bad', 'b: worse']],
  ['a key with a colon', ['a["x: y"].b: bad', 'a["\\": y"]: bad'], ['a["x: y"].b and 1 more: bad']],
  ['a text with a colon', ['a: not (x: y)', 'b: not (x: y)'], ['a and 1 more: not (x: y)']],
  ['no field', ['Domain x is taken.', 'Domain x is taken.'], ['Domain x is taken.']],
])('%s', (_, problems, said) => {
  expect(sayOnce(problems)).toEqual(said);
});
