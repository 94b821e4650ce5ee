// The shapes of HTTP/1 requests: each has a plain response. Entry: requestShapes.
import type { Script } from './exchange.ts';
import { bytes, end, get, plainResponse, simple, visible } from './words.ts';

export function requestShapes(): Readonly<Record<string, Script>> {
  const bodies: Readonly<Record<string, readonly [headers: string, body: string]>> = {
    'without a body': ['', ''],
    'with an empty body': ['Content-Length: 0\r\n', ''],
    'with a body of known length': ['Content-Length: 5\r\n', 'hello'],
    'with an empty body in chunks': ['Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    'with a body in chunks': ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'],
    'with trailers': [
      'Trailer: X-Checksum\r\nTransfer-Encoding: chunked\r\n',
      '5\r\nhello\r\n0\r\nX-Checksum: abc\r\nx-Other: \xe9\r\n\r\n',
    ],
  };
  const byMethod = methods.flatMap((method) =>
    Object.entries(bodies).map(([what, [headers, body]]) => {
      const type = method === 'QUERY' ? 'Content-Type: text/plain\r\n' : '';
      const head = `${method} /a/b?c=d HTTP/1.1\r\nHost: svc.shop\r\n${type}${headers}\r\n`;
      return [`${method} ${what}`, simple(head + body, answerTo(method), ending(body))] as const;
    }),
  );
  const byTarget = targets.map((target) => [`target ${target}`, simple(get(target, ''))] as const);
  const byHeaders = Object.entries(requestHeaders).map(
    ([what, headers]) => [`request with ${what}`, simple(get('/', headers))] as const,
  );
  const sizes = [1, 1_000, 70_000, 1_500_000].map((size) => {
    const head = `POST / HTTP/1.1\r\nHost: svc\r\nContent-Length: ${size}\r\n\r\n`;
    return [`request of ${size} bytes`, simple(`${head}${bytes(size - 1)}!`, plainResponse, /!$/)] as const;
  });
  return Object.fromEntries([...byMethod, ...byTarget, ...byHeaders, ...sizes]);
}

/** Of RFC 9110 and 5789, of other standards, of caches and stores, and of nobody. */
const methods = [
  'GET HEAD POST PUT DELETE OPTIONS TRACE PATCH',
  'PROPFIND MKCOL LOCK REPORT SEARCH QUERY M-SEARCH SUBSCRIBE',
  "LIST BAN PURGE VIEW get Ab1!#$%&'*+-.^_`|~",
].flatMap((line) => line.split(' '));

const targets = [
  '/',
  '/a//b/../c/./d',
  '/%41%2f%2e%2e/%7e/caf%c3%a9',
  '/group%2Fproject?x=%20&y=+&&z',
  '/a;b=c/d,e?f?g',
  "/!$&'()*+,;=:@-._~",
  '/|^"<>`{}',
  '/caf\xc3\xa9',
  '/?',
  '/#',
  '//evil.example/',
  `/${'x'.repeat(8_000)}`,
  'http://other.example/absolute?x',
];

const requestHeaders: Readonly<Record<string, string>> = {
  'names in their case': 'X-Mixed-CASE: 1\r\nx-lower: 2\r\nX_Under_Score: 3\r\nETag-ish: 4\r\n',
  'the same name three times': 'X-A: 1\r\nx-b: 2\r\nX-a: 3\r\nx-A: 4\r\nx-c: 5\r\n',
  'an order': 'Zulu: 1\r\nAccept: */*\r\nMike: 2\r\nUser-Agent: me/1\r\nCookie: a=b\r\nAlpha: 3\r\n',
  'two cookies': 'Cookie: a=b\r\nCookie: c=d\r\n',
  'two of a known list':
    'Accept: a/b\r\nAccept: c/d\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\n',
  'forwarding headers':
    'X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nForwarded: for=10.0.0.1\r\nVia: 1.1 edge\r\nX-Real-IP: 10.0.0.1\r\n',
  'tracing headers':
    'X-Request-ID: mine\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-B3-TraceId: 463ac35c9f6413ad\r\nX-Client-Trace-Id: t\r\n',
  'empty values': 'X-Empty:\r\nX-Blank:   \r\n',
  'spaces around values': 'X-Spaces:   a  b   \r\n',
  'bytes above 127': 'X-Bytes: caf\xc3\xa9 \xff\r\n',
  'every visible character': `X-Visible: ${visible()}\r\n`,
  'a tab': 'X-Tab: a\tb\r\n',
  '250 headers': Array.from({ length: 250 }, (_, at) => `X-Header-${at}: ${at}\r\n`).join(''),
  '150,000 bytes': Array.from({ length: 10 }, (_, at) => `X-Large-${at}: ${'v'.repeat(15_000)}\r\n`).join(''),
  'one of 64,000 bytes': `Authorization: Negotiate ${'v'.repeat(64_000)}\r\n`,
  'Connection: close': 'Connection: close\r\n',
  'Connection: keep-alive': 'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n',
  'a header for the next hop': 'Connection: X-Hop\r\nX-Hop: 1\r\n',
  'TE: trailers': 'TE: trailers\r\nConnection: TE\r\n',
  'TE: gzip': 'TE: gzip, trailers;q=0.5\r\n',
  authorization: 'Authorization: Basic YTpi\r\nProxy-Authorization: Basic YTpi\r\n',
  'ranges and conditions':
    'Range: bytes=0-1\r\nIf-None-Match: "a"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n',
  'words for Envoy':
    'x-envoy-retry-on: 5xx\r\nX-Envoy-Max-Retries: 3\r\nx-envoy-upstream-rq-timeout-ms: 15\r\nx-envoy-force-trace: 1\r\n',
  'h2c, not taken':
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  'a forged identity': 'X-Forwarded-Client-Cert: By=spiffe://x;URI=spiffe://y\r\n',
  'a port in Host': 'Origin: http://svc\r\n',
};

/** What the application waits for before it answers: so that nobody answers half a request. */
function ending(body: string): RegExp {
  if (body === '') return end;
  if (body.endsWith('\r\n\r\n')) return /\r\n\r\n.*\r\n\r\n/s;
  return new RegExp(`${body}$`);
}

function answerTo(method: string): string {
  return method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : plainResponse;
}
