// What the leader writes into the Lease about itself.
import { describe, expect, test } from '@jest/globals';
import { formatHolder, parseHolder } from '../../../operator/replicas/holder.ts';

describe('the holder of the Lease', () => {
  test.each([
    ['operator-7f9-abc', '10.0.0.7:15012', 'a1b2'],
    ['operator-7f9-abc', '[fd00::1]:15012', 'a1b2'],
    ['laptop', 'localhost:1', 'x-y.z'],
  ])('%s at %s comes back as it was written', (name, address, nonce) => {
    const text = formatHolder({ name, address, nonce });

    expect(text).toBe(`${name}_${address}_${nonce}`);
    expect(parseHolder(text)).toEqual({ name, address, nonce });
  });

  test('an underscore of a host name becomes a dash', () => {
    expect(formatHolder({ name: 'my_host', address: 'h:1', nonce: 'n' })).toBe('my-host_h:1_n');
  });

  test.each([
    ['', 'h:1', 'n'],
    ['a', 'h_1:1', 'n'],
    ['a', 'h:1', ''],
  ])('a part %j %j %j that could not be told apart is refused', (name, address, nonce) => {
    expect(() => formatHolder({ name, address, nonce })).toThrow('cannot be part of a holder');
  });

  test.each([
    '',
    'operator-7f9-abc',
    'operator_3f1c-uuid',
    'a_h:1_n_more',
    'a_h_n',
    'a_fd00::1_n',
    'a_fd00::1:15012_n',
    'a_:1_n',
    '_h:1_n',
    'a_h:port_n',
    'a_h h:1_n',
  ])('%j is no address to dial', (text) => {
    expect(parseHolder(text)).toBeNull();
  });
});
