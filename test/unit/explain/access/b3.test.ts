// Where sidecars read traces in B3, explain knows that traceparent may be another, and nothing else of it.
import { expect, test } from '@jest/globals';
import { readB3 } from '../../../../operator/envoy/resources/b3.ts';
import { afterEarlyMutations, arriving } from '../../../../operator/explain/access/arriving.ts';

test('traceparent is not known, all other headers are', () => {
  const headers = [
    ['b3', 'x'],
    ['x-user', 'ann'],
    ['traceparent', 'y'],
  ] as const;
  const request = { method: 'GET', path: '/', authority: 'a', headers };
  const before = arriving(request, { caller: null, address: null });

  const after = afterEarlyMutations(before, { early_header_mutation_extensions: [readB3(10)] });

  expect(after.request.headers).toEqual(headers.slice(0, 2));
  expect(after.unknown).toEqual(new Set([...before.unknown, 'traceparent']));
});
