// From which addresses keys are fetched.
import { describe, expect, test } from '@jest/globals';
import { isAllowedAddress, rangeOf } from '../../../operator/jwks/fetch-address.ts';

describe('without an option', () => {
  test.each(['192.0.2.7', '8.8.8.8', '2001:4860::8888', '10.0.0.1', '172.16.0.1', '192.168.1.1', 'fd00::1'])(
    '%s is fetched from',
    (address) => {
      expect(isAllowedAddress(address, [])).toBe(true);
    },
  );

  test.each([
    '0.0.0.0',
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '169.254.0.1',
    '192.0.0.192',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '2001::1',
    '2002:7f00:1::',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fec0::1',
    'ff02::1',
    'fd00:ec2::254',
    'fd00:c1::a9fe:a9fe',
    'fd00:42::42',
    'fd20:ce::254',
    '::ffff:0:127.0.0.1',
    '0177.0.0.1',
    '2130706433',
    'localhost',
    '',
  ])('%s is not', (address) => {
    expect(isAllowedAddress(address, [])).toBe(false);
  });
});

test('an option allows a network, also for IPv4 addresses written as IPv6, and no other', () => {
  const allowed = [rangeOf('127.0.0.0/8'), rangeOf('fe80::/10')];

  expect(isAllowedAddress('127.0.0.1', allowed)).toBe(true);
  expect(isAllowedAddress('::ffff:127.0.0.1', allowed)).toBe(true);
  expect(isAllowedAddress('fe80::1', allowed)).toBe(true);
  expect(isAllowedAddress('169.254.169.254', allowed)).toBe(false);
  expect(isAllowedAddress('::1', allowed)).toBe(false);
});
