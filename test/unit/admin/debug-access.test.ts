import { expect, test } from '@jest/globals';
import { debugRefusal } from '../../../operator/admin/debug-access.ts';

const loopback = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' };

test.each([
  ['127.0.0.1', '127.0.0.1', 'localhost:8080'],
  ['127.0.0.1', '127.0.0.1', 'LOCALHOST'],
  ['::ffff:127.0.0.1', '::ffff:127.0.0.1', '127.0.0.1:9000'],
  ['::1', '::1', '[::1]:8080'],
])('%s may look inside at %s by the name %s', (remoteAddress, localAddress, host) => {
  expect(debugRefusal({ remoteAddress, localAddress, headers: { host } })).toBeUndefined();
});

test.each([
  ['10.0.0.7', '10.0.0.1'],
  ['127.0.0.1', '10.0.0.1'],
  ['10.0.0.7', '127.0.0.1'],
  ['::ffff:10.0.0.7', '::ffff:10.0.0.1'],
  ['fd00::7', '::1'],
  [undefined, '127.0.0.1'],
])('%s may not at %s', (remoteAddress, localAddress) => {
  expect(debugRefusal({ remoteAddress, localAddress, headers: { host: 'localhost' } })).toBe(
    '/debug is answered on the loopback address only. In a cluster, use kubectl port-forward.',
  );
});

test.each([
  undefined,
  '',
  'evil.example.org',
  'localhost.evil.example.org',
  '127.0.0.1.evil.example.org',
  'localhost@evil',
  '0.0.0.0:8080',
  'meshwright.meshwright-system.svc:8080',
])('nobody may by the name %s', (host) => {
  expect(debugRefusal({ ...loopback, headers: { ...(host !== undefined && { host }) } })).toBe(
    'Ask for /debug by the name localhost or 127.0.0.1.',
  );
});

test.each([
  { origin: 'https://evil.example.org' },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
])('a page in a browser may not: %j', (headers) => {
  expect(debugRefusal({ ...loopback, headers: { host: 'localhost', ...headers } })).toBe(
    '/debug is not for pages of other sites.',
  );
});

test('who types the address into a browser may', () => {
  const headers = { host: 'localhost:8080', 'sec-fetch-site': 'none' };

  expect(debugRefusal({ ...loopback, headers })).toBeUndefined();
});
