// What may stand at the head of an example.
import { expect, test } from '@jest/globals';
import { connectionsOf } from '../../support/examples/connections.ts';
import { expectationsOf } from '../../support/examples/expectations.ts';

const nothing = {
  from: [],
  afterMs: 0,
  response: [],
  seen: [],
  copiedTo: [],
  logged: [],
  isSteady: false,
  isSoon: false,
  isScaled: false,
  several: null,
};

test.each([
  [
    '#   curl http://reviews:9080/   # 200',
    { call: { method: 'GET', service: 'reviews', path: '/', headers: {} }, status: 200 },
  ],
  [
    "#  curl -X POST -H 'a: b c' http://a-b:1/x # 503",
    { call: { method: 'POST', service: 'a-b', path: '/x', headers: { a: 'b c' } } },
  ],
  [
    "#  curl 'http://a:1/x?a=1&b' # 404",
    { call: { method: 'GET', service: 'a', path: '/x?a=1&b', headers: {} } },
  ],
  [
    '#  curl http://a:1/ # 200 from v1 (90%) and v2 (10%), after 1.5s',
    {
      from: [
        { version: 'v1', percentage: 90 },
        { version: 'v2', percentage: 10 },
      ],
      afterMs: 1500,
    },
  ],
  [
    '#  curl http://a:1/ # 302 with location: http://b/, seeing path: /a, seeing x: y',
    {
      response: [['location', 'http://b/']],
      seen: [
        ['path', '/a'],
        ['x', 'y'],
      ],
    },
  ],
  ['#  plain$ curl http://a:1/ # 403', { call: { from: 'plain' }, status: 403 }],
  ['#  curl http://a:1/ # 200 from the same version each time', { status: 200, isSteady: true }],
  ['#  curl http://a:1/ # soon 200 each time', { status: 200, isSoon: true }],
  [
    '#  curl -b jar -c jar -X PUT http://a:1/ # 200 from v1, logged a: b',
    { call: { jar: true, method: 'PUT' }, from: [{ version: 'v1' }], logged: [['a', 'b']] },
  ],
  [
    '#  curl http://a:1/ # of 50 in turn: 200 (50), on 10 connections or more',
    { several: { count: 50, atOnce: false, statuses: { 200: [50] }, connections: 10 } },
  ],
  [
    '#  curl http://a:1/ # of 5 at once: 200 (1) and 503 (4)',
    { several: { count: 5, atOnce: true, statuses: { 200: [1], 503: [4] } } },
  ],
  [
    '#  curl http://a:1/ # of 40 in turn: 200 (35 to 37) and 500 (3 to 5)',
    { several: { count: 40, atOnce: false, statuses: { 200: [35, 36, 37], 500: [3, 4, 5] } } },
  ],
])('%s', (line, expected) => {
  expect(expectationsOf(`# An example.\n#\n${line}\nkind: A\n`)).toMatchObject([{ ...nothing, ...expected }]);
});

test.each([
  '#  curl http://a:1/',
  '#  curl -k http://a:1/ # 200',
  '#  curl http://a:1/ # fine',
  '#  curl http://a:1/ # 200 by v1',
  '#  curl http://a:1/ # of 5: 200 (1) and 503 (4)',
  '#  curl http://a:1/ # of 5 in turn: fine',
  '#  curl http://a:1/ # soon 200',
  '#  curl http://a:1/ # 200 with x',
])('%s is a mistake', (line) => {
  expect(() => expectationsOf(line)).toThrow(line);
});

test('what stands behind a line that scales is so when another version has begun to run', () => {
  const call = '#   curl http://reviews:9080/ # 200';
  const scale = '#   kubectl -n shop scale deployment reviews-v4 --replicas 1';

  const expectations = expectationsOf([call, scale, call].join('\n'));

  expect(expectations.map(({ isScaled }) => isScaled)).toEqual([false, true]);
});

test.each([
  ['#  nc db 5432 # from nobody', { caller: 'shop', service: 'db', serverName: null }],
  ['#  plain$ nc db 5432 # from nobody', { caller: 'plain', from: [{ version: 'nobody', percentage: 100 }] }],
  [
    '#  qa$ openssl s_client -connect vault:8200 -servername a.example # from v2',
    { caller: 'qa', serverName: 'a.example', from: [{ version: 'v2' }] },
  ],
])('%s is a connection', (line, expected) => {
  expect(connectionsOf(line)).toMatchObject([expected]);
});
