// The shapes of HTTP/1 that applications use: every combination of a request with a plain response, and every response to a plain
// request. Entry: shapes.
import type { Script } from './exchange.ts';
import { requestShapes } from './request-shapes.ts';
import { responseShapes } from './response-shapes.ts';
import { end, get, inVainMs, plainResponse, simple } from './words.ts';

export type Shapes = Readonly<Record<string, Script>>;

export function shapes(): Shapes {
  return { ...requestShapes(), ...responseShapes(), ...conversations() };
}

function conversations(): Shapes {
  const post = 'POST / HTTP/1.1\r\nHost: svc\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';
  return {
    'Expect: 100-continue, continued': {
      client: [post, / 100 .*\r\n\r\n/s, 'hello'],
      application: [end, 'HTTP/1.1 100 Continue\r\n\r\n', /hello/, plainResponse],
    },
    'Expect: 100-continue, refused': {
      client: [post, / 417 /],
      application: [end, 'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n'],
    },
    'Expect: 100-continue, answered without the body': {
      client: [post, / 401 /],
      application: [end, 'HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
    },
    'Expect: 100-continue, not waited for': {
      client: [`${post}hello`],
      application: [/hello/, `HTTP/1.1 100 Continue\r\n\r\n${plainResponse}`],
    },
    '102 Processing': {
      client: [get('/', '')],
      application: [end, `HTTP/1.1 102 Processing\r\n\r\n${plainResponse}`],
    },
    '103 Early Hints': {
      client: [get('/', ''), / 103 .*?\r\n\r\n/s, / 200 /],
      application: [end, `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n`, plainResponse],
    },
    'two of 103 Early Hints': {
      client: [get('/', '')],
      application: [
        end,
        `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n${plainResponse}`,
      ],
    },
    'OPTIONS *': { ...simple('OPTIONS * HTTP/1.1\r\nHost: svc\r\n\r\n'), patienceMs: inVainMs },
    'a body that ends with the connection': {
      client: [get('/', '')],
      application: [end, 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end'],
      closes: true,
    },
    'QUERY without Content-Type': simple('QUERY / HTTP/1.1\r\nHost: svc\r\n\r\n'),
    CONNECT: simple('CONNECT svc:80 HTTP/1.1\r\nHost: svc:80\r\n\r\n'),
    'HTTP/1.0': simple('GET / HTTP/1.0\r\nHost: svc\r\n\r\n'),
    'HTTP/1.0 without Host': simple('GET / HTTP/1.0\r\n\r\n'),
    'HTTP/1.0 kept alive': simple('GET / HTTP/1.0\r\nHost: svc\r\nConnection: keep-alive\r\n\r\n'),
    'HTTP/1.0 with a body': simple(
      'POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello',
      plainResponse,
      /hello/,
    ),
    'HTTP/1.0 answered in its own version until close': {
      client: ['GET / HTTP/1.0\r\n\r\n'],
      application: [end, 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end'],
      closes: true,
    },
    'an empty Host': simple('GET / HTTP/1.1\r\nHost:\r\n\r\n'),
    'a Host with a port': simple('GET / HTTP/1.1\r\nhost: SVC.shop:8080\r\n\r\n'),
    'an answer before the end of the request': {
      client: ['POST / HTTP/1.1\r\nHost: svc\r\nContent-Length: 10\r\n\r\nhello', / 413 /],
      application: [/hello/, 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'],
    },
    ...Object.fromEntries(upgradeTokens.map((token) => [`Upgrade: ${token}`, upgraded(token)])),
    'Upgrade: tcp with a body': upgradedWithBody(end),
    'Upgrade: tcp with a body that is waited for': { ...upgradedWithBody(/\{\}/), patienceMs: inVainMs },
    'Upgrade: two tokens': upgraded('websocket, foo'),
    'Upgrade: two unknown tokens': simple(upgrade('foo, bar/1')),
    'Upgrade: an unknown token, ignored': simple(upgrade('foo')),
    'Upgrade: h2c, ignored': simple(upgrade('h2c')),
    'Upgrade: websocket, refused': simple(
      upgrade('websocket'),
      'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n',
    ),
    ...Object.fromEntries(
      ['200 OK', '302 Found', '404 Not Found', '503 Busy'].flatMap((status) =>
        ['websocket', 'tcp'].map((token) => [
          `Upgrade: ${token}, answered ${status}`,
          simple(upgrade(token), `HTTP/1.1 ${status}\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok`),
        ]),
      ),
    ),
  };
}

const upgradeTokens = [
  'websocket',
  'WebSocket',
  'tcp',
  'SPDY/3.1',
  'raw',
  'TLS/1.2',
  'IRC/6.9',
  'h2c',
  'ts2021',
  'derp',
  'foo',
];

function upgrade(token: string): string {
  return `GET /chat HTTP/1.1\r\nHost: svc\r\nUpgrade: ${token}\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n`;
}

function upgraded(token: string): Script {
  const accepted = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${token}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\n`;
  return {
    client: [upgrade(token), end, 'ping\x00\xff\r\n', /pong/, 'bye', /bye/],
    application: [end, accepted, /ping.*\n/s, '\x81\x05pong', /bye/, 'bye'],
  };
}

/** As `docker exec` does. */
function upgradedWithBody(awaited: RegExp): Script {
  const head =
    'POST /exec HTTP/1.1\r\nHost: svc\r\nContent-Length: 2\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';
  const accepted = 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';
  return { client: [`${head}{}`, end, 'ping', /pong/], application: [awaited, accepted, /ping/, 'pong'] };
}
