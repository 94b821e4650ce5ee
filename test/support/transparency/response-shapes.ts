// The shapes of HTTP/1 responses: each to a plain request. Entry: responseShapes.
import type { Script } from './exchange.ts';
import { bytes, get, simple, visible } from './words.ts';

export function responseShapes(): Readonly<Record<string, Script>> {
  const statuses = [
    '200 OK',
    '200 Fine, thank you',
    '200 ',
    '201 Created',
    '202 Accepted',
    '203 Non-Authoritative Information',
    '204 No Content',
    '205 Reset Content',
    '206 Partial Content',
    '207 Multi-Status',
    '226 IM Used',
    '299 Own',
    '300 Multiple Choices',
    '301 Moved Permanently',
    '302 Found',
    '303 See Other',
    '304 Not Modified',
    '307 Temporary Redirect',
    '308 Permanent Redirect',
    '399 Own',
    '400 Bad Request',
    '401 Unauthorized',
    '402 Payment Required',
    '403 Forbidden',
    '404 Not Found',
    '405 Method Not Allowed',
    '407 Proxy',
    '408 Request Timeout',
    '409 Conflict',
    '410 Gone',
    '412 Precondition Failed',
    "418 I'm a teapot",
    '421 Misdirected Request',
    '425 Too Early',
    '426 Upgrade Required',
    '429 Too Many Requests',
    '451 Law',
    '499 Own',
    '500 Internal Server Error',
    '501 Not Implemented',
    '502 Bad Gateway',
    '503 Busy',
    '504 Gateway Timeout',
    '507 Insufficient Storage',
    '511 Login',
    '599 Own',
  ];
  const byStatus = statuses.flatMap((status) =>
    ['GET', 'HEAD', 'POST'].map((method) => {
      const bare = /^(?:204|304)/.test(status);
      const headers = bare ? '' : 'Content-Length: 2\r\n';
      const body = bare || method === 'HEAD' ? '' : 'ok';
      const request = `${method} / HTTP/1.1\r\nHost: svc\r\n${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`;
      return [
        `${method} answered ${status}`,
        simple(request, `HTTP/1.1 ${status}\r\n${headers}\r\n${body}`),
      ] as const;
    }),
  );
  const byHead = Object.entries(responseHeaders).map(([what, headers]) => {
    return [
      `response with ${what}`,
      simple(get('/', ''), `HTTP/1.1 200 OK\r\n${headers}Content-Length: 2\r\n\r\nok`),
    ] as const;
  });
  const byBody = Object.entries(responseBodies).map(
    ([what, response]) => [`response with ${what}`, simple(get('/', ''), response)] as const,
  );
  return Object.fromEntries([...byStatus, ...byHead, ...byBody]);
}

const responseHeaders: Readonly<Record<string, string>> = {
  'names in their case': 'X-Mixed-CASE: 1\r\nx-lower: 2\r\nWWW-Authenticate: Basic\r\nETag: "a"\r\n',
  'the same name three times': 'X-A: 1\r\nx-b: 2\r\nX-a: 3\r\nx-A: 4\r\n',
  'three cookies': 'Set-Cookie: a=b; Path=/\r\nset-cookie: c=d\r\nSet-Cookie: e=f\r\n',
  'an order': 'Zulu: 1\r\nServer: mine/1\r\nMike: 2\r\nContent-Type: text/plain\r\nAlpha: 3\r\n',
  'a date': 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: mine\r\nVia: 1.1 me\r\n',
  challenges: 'WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm="a, b"\r\n',
  'bytes above 127': 'X-Bytes: caf\xc3\xa9 \xff\r\n',
  'every visible character': `X-Visible: ${visible()}\r\n`,
  'empty values': 'X-Empty:\r\n',
  '250 headers': Array.from({ length: 250 }, (_, at) => `X-Header-${at}: ${at}\r\n`).join(''),
  '150,000 bytes': Array.from({ length: 10 }, (_, at) => `X-Large-${at}: ${'v'.repeat(15_000)}\r\n`).join(''),
  'words of Envoy':
    'X-Envoy-Upstream-Service-Time: 5\r\nx-envoy-overloaded: true\r\nX-Envoy-Ratelimited: true\r\nx-envoy-immediate-health-check-fail: 1\r\n',
  'Connection: close': 'Connection: close\r\n',
  'Keep-Alive': 'Connection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n',
  'a location': 'Location: /elsewhere?x=%2f\r\nRetry-After: 1\r\nAlt-Svc: h3=":443"\r\n',
  'a request id': 'X-Request-Id: mine\r\n',
};

const responseBodies: Readonly<Record<string, string>> = {
  chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nend\r\n0\r\n\r\n',
  'no chunk but the last': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  trailers:
    'HTTP/1.1 200 OK\r\nTrailer: X-Checksum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Checksum: abc\r\n\r\n',
  'an empty body': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  '1,500,000 bytes': `HTTP/1.1 200 OK\r\nContent-Length: 1500000\r\n\r\n${bytes(1_500_000)}`,
  'the version of HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
};
