// Why something could not be sent, in a few words that are never empty.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { causeOf } from '../../../operator/providers/reason.ts';

test('of a host with several addresses: why each could not be reached', async () => {
  const addresses = [
    { address: '127.0.0.1', family: 4 },
    { address: '127.0.0.2', family: 4 },
  ];
  const socket = connect({
    host: 'prometheus',
    port: 9,
    lookup: (_host, _options, done) => done(null, addresses),
  });
  const [cause] = (await once(socket, 'error').catch((error: unknown) => [error])) as [Error];

  expect(causeOf(new TypeError('fetch failed', { cause }))).toBe(
    'connect ECONNREFUSED 127.0.0.1:9, connect ECONNREFUSED 127.0.0.2:9',
  );
});

test.each([
  [
    'what caused it',
    new TypeError('fetch failed', { cause: new Error('other side closed') }),
    'other side closed',
  ],
  ['itself', new Error('bad port'), 'bad port'],
  ['an error without words', Object.assign(new Error(''), { code: 'EPIPE' }), 'EPIPE'],
  ['no error', 'gone', 'gone'],
])('%s', (_what, error, expected) => {
  expect(causeOf(error)).toBe(expected);
});
