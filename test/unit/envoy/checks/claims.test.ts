// What only one resource of a view may hold.
import { expect, test } from '@jest/globals';
import { checkClaims, type Claimant } from '../../../../operator/envoy/checks/claims.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';

const host = (name: string, ...claims: string[]): Claimant => ({
  typeUrl: typeUrl.virtualHost,
  name,
  claims,
});
const listener = (name: string, ...claims: string[]): Claimant => ({
  typeUrl: typeUrl.listener,
  name,
  claims,
});

test('a domain belongs to the first virtual host by name, whatever the order and case', () => {
  const resources = [host('outbound/b', 'X:80'), host('outbound/a', 'x:80'), host('outbound/c', 'y:80')];
  const conflict = {
    typeUrl: typeUrl.virtualHost,
    name: 'outbound/b',
    holder: 'outbound/a',
    claim: 'X:80',
    message: 'The domain X:80 is held by outbound/a: give outbound/b another one, or remove one of the two.',
  };

  expect(checkClaims(resources)).toEqual([conflict]);
  expect(checkClaims(resources.toReversed())).toEqual([conflict]);
});

test('the same domain in two route configurations is no conflict', () => {
  expect(checkClaims([host('outbound/a', 'x'), host('inbound/a', 'x')])).toEqual([]);
});

test('a listener and a virtual host may claim the same text', () => {
  expect(checkClaims([host('a', 'x'), listener('a', 'x')])).toEqual([]);
});

test('two listeners may not have one address', () => {
  expect(checkClaims([listener('a', '10.0.0.1:80'), listener('b', '10.0.0.1:80')])).toMatchObject([
    { name: 'b', holder: 'a', claim: '10.0.0.1:80' },
  ]);
});

test('a resource may not claim the same twice', () => {
  expect(checkClaims([host('r/a', 'x', 'x')]).map((it) => it.message)).toEqual([
    'The domain x is in r/a twice.',
  ]);
});
