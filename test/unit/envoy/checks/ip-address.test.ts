// Our reading of IP literals is that of Node.
import { expect, test } from '@jest/globals';
import { array, assert, constantFrom, ipV4, ipV6, oneof, property, string } from 'fast-check';
import { isIP } from 'node:net';
import { ipVersion } from '../../../../operator/envoy/checks/ip-address.ts';

const nearlyAddresses = array(
  constantFrom(':', '::', '.', '0', '1', 'f', 'ffff', '255', '256', '01', 'g', '10.0.0.1'),
  {
    maxLength: 17,
  },
).map((parts) => parts.join(''));

test('tells addresses from other text as Node does', () => {
  assert(
    property(oneof(ipV4(), ipV6(), nearlyAddresses, string()), (text) => {
      expect(ipVersion(text)).toBe(text.includes('%') ? 0 : isIP(text));
    }),
    { numRuns: 2000 },
  );
});
