// What only one resource of a view may hold.
import { expect, test } from '@jest/globals';
import { checkExclusiveKeys, type KeyedResource } from '../../../../operator/envoy/checks/exclusive-keys.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';

const host = (name: string, ...exclusiveKeys: string[]): KeyedResource => ({
  typeUrl: typeUrl.virtualHost,
  name,
  exclusiveKeys,
});
const listener = (name: string, ...exclusiveKeys: string[]): KeyedResource => ({
  typeUrl: typeUrl.listener,
  name,
  exclusiveKeys,
});

test('a domain belongs to the first virtual host by name, whatever the order and case', () => {
  const resources = [host('outbound/b', 'X:80'), host('outbound/a', 'x:80'), host('outbound/c', 'y:80')];
  const conflict = {
    typeUrl: typeUrl.virtualHost,
    name: 'outbound/b',
    holder: 'outbound/a',
    key: 'X:80',
    message: 'The domain X:80 is held by outbound/a: give outbound/b another one, or remove one of the two.',
  };

  expect(checkExclusiveKeys(resources)).toEqual([conflict]);
  expect(checkExclusiveKeys(resources.toReversed())).toEqual([conflict]);
});

test('the same domain in two route configurations is no conflict', () => {
  expect(checkExclusiveKeys([host('outbound/a', 'x'), host('inbound/a', 'x')])).toEqual([]);
});

test('a listener and a virtual host may hold the same key', () => {
  expect(checkExclusiveKeys([host('a', 'x'), listener('a', 'x')])).toEqual([]);
});

test('two listeners may not have one address', () => {
  expect(checkExclusiveKeys([listener('a', '10.0.0.1:80'), listener('b', '10.0.0.1:80')])).toMatchObject([
    { name: 'b', holder: 'a', key: '10.0.0.1:80' },
  ]);
});

test('a resource may not hold a key twice', () => {
  expect(checkExclusiveKeys([host('r/a', 'x', 'x')]).map((it) => it.message)).toEqual([
    'The domain x is in r/a twice.',
  ]);
});
