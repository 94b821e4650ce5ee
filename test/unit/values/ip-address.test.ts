// Addresses and ranges, compared with Node's own.
import { BlockList, isIP } from 'node:net';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ipVersion, isInRange } from '../../../operator/values/ip-address.ts';

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6();

test.each([
  [4, ipv4, 32],
  [6, ipv6, 128],
] as const)('agrees with Node on addresses of family %p', (family, address, bits) => {
  const near = fc.tuple(address, address, fc.integer({ min: 0, max: bits }), fc.boolean());
  fc.assert(
    fc.property(near, ([one, other, length, isSame]) => {
      const list = new BlockList();
      list.addSubnet(one, length, family === 4 ? 'ipv4' : 'ipv6');
      const asked = isSame ? one : other;
      expect(isInRange(asked, one, length)).toBe(list.check(asked, family === 4 ? 'ipv4' : 'ipv6'));
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['127.0.0.1', '::1', 0],
  ['::1', '127.0.0.0', 0],
  ['300.0.0.1', '0.0.0.0', 0],
  ['1.2.3', '0.0.0.0', 0],
  ['reviews', '0.0.0.0', 0],
  ['1::2::3', '::', 0],
  ['1:2:3', '::', 0],
])('%s is not in %s/%d', (address, prefix, length) => {
  expect(isInRange(address, prefix, length)).toBe(false);
});

const nearlyAddresses = fc
  .array(fc.constantFrom(':', '::', '.', '0', '1', 'f', 'ffff', '255', '256', '01', 'g', '10.0.0.1'), {
    maxLength: 17,
  })
  .map((parts) => parts.join(''));

test('tells addresses from other text as Node does', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6, nearlyAddresses, fc.string()), (text) => {
      expect(ipVersion(text)).toBe(text.includes('%') ? 0 : isIP(text));
    }),
    { numRuns: 2000 },
  );
});
