// The shapes of HTTP/2 and of gRPC that applications use. Entry: http2Shapes.
import type { Http2Shape, Side } from './http2.ts';

export function http2Shapes(): Readonly<Record<string, Http2Shape>> {
  return { ...requests(), ...responses(), ...grpc(), ...tunnels() };
}

const plain: Side = { headers: { ':status': '200', 'content-type': 'text/plain' }, body: 'ok' };

function head(parts: Side['headers'] = {}): Side['headers'] {
  return {
    ':method': 'GET',
    ':scheme': 'http',
    ':authority': 'svc.shop:80',
    ':path': '/a%2Fb?c=d',
    ...parts,
  };
}

function requests(): Readonly<Record<string, Http2Shape>> {
  const methods = [
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'OPTIONS',
    'PATCH',
    'TRACE',
    'LIST',
    'M-SEARCH',
    'get',
  ];
  const bodies: Readonly<Record<string, Pick<Side, 'body' | 'trailers'>>> = {
    'without a body': {},
    'with an empty body': { body: '' },
    'with a body': { body: 'hello\x00\xff' },
    'with trailers': { body: 'hello', trailers: { 'x-checksum': 'abc' } },
    'with only trailers': { trailers: { 'x-checksum': 'abc' } },
  };
  const byMethod = methods.flatMap((method) =>
    Object.entries(bodies).map(([what, rest]) => {
      const request = { headers: head({ ':method': method }), ...rest };
      const response = method === 'HEAD' ? { headers: plain.headers } : plain;
      return [`${method} ${what}`, { request, responses: [response] }] as const;
    }),
  );
  const headers: Readonly<Record<string, Side['headers']>> = {
    'the same name twice': { 'x-a': ['1', '2'], 'x-b': '3' },
    'two cookies': { cookie: ['a=b', 'c=d'] },
    'an order': { zulu: '1', accept: '*/*', mike: '2', 'user-agent': 'me', alpha: '3' },
    'empty values': { 'x-empty': '' },
    'bytes above 127': { 'x-bytes': 'caf\xe9 \xff' },
    'TE: trailers': { te: 'trailers' },
    Expect: { expect: '100-continue', ':method': 'POST' },
    '250 headers': Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`x-header-${at}`, `${at}`])),
    'large headers': Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [`x-large-${at}`, 'v'.repeat(12_000)]),
    ),
    'OPTIONS *': { ':method': 'OPTIONS', ':path': '*' },
    'a content-length': { ':method': 'POST', 'content-length': '0' },
  };
  const byHeaders = Object.entries(headers).map(
    ([what, parts]) =>
      [`request with ${what}`, { request: { headers: head(parts) }, responses: [plain] }] as const,
  );
  const big = {
    request: { headers: head({ ':method': 'POST' }), body: 'x'.repeat(1_500_000) },
    responses: [plain],
  };
  return Object.fromEntries([...byMethod, ...byHeaders, ['1,500,000 bytes', big] as const]);
}

function responses(): Readonly<Record<string, Http2Shape>> {
  const statuses = [
    '200',
    '201',
    '204',
    '206',
    '299',
    '301',
    '304',
    '400',
    '404',
    '418',
    '429',
    '500',
    '502',
    '503',
    '599',
  ];
  const byStatus = statuses.map((status) => {
    const response: Side = /^[23]04$/.test(status)
      ? { headers: { ':status': status } }
      : { headers: { ':status': status }, body: 'ok' };
    return [`answered ${status}`, { request: { headers: head() }, responses: [response] }] as const;
  });
  const more: Readonly<Record<string, readonly Side[]>> = {
    '103': [{ headers: { ':status': '103', link: '</a.css>' } }, plain],
    '100': [{ headers: { ':status': '100' } }, plain],
    cookies: [{ headers: { ':status': '200', 'set-cookie': ['a=b', 'c=d'] }, body: 'ok' }],
    trailers: [{ ...plain, trailers: { 'x-checksum': 'abc' } }],
    'server and date': [{ headers: { ':status': '200', server: 'me', date: 'then' }, body: '' }],
    '250 headers': [
      {
        headers: {
          ':status': '200',
          ...Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`x-header-${at}`, `${at}`])),
        },
      },
    ],
    'bytes above 127': [{ headers: { ':status': '200', 'x-bytes': 'caf\xe9' } }],
  };
  const byWhat = Object.entries(more).map(
    ([what, list]) => [`response with ${what}`, { request: { headers: head() }, responses: list }] as const,
  );
  return Object.fromEntries([...byStatus, ...byWhat]);
}

function grpc(): Readonly<Record<string, Http2Shape>> {
  const request: Side = {
    headers: head({
      ':method': 'POST',
      ':path': '/shop.Reviews/Get',
      te: 'trailers',
      'content-type': 'application/grpc+proto',
      'grpc-timeout': '5S',
      'grpc-accept-encoding': 'gzip',
      'x-trace-bin': 'AAECAw',
      'user-agent': 'grpc-go/1.60',
    }),
    body: '\x00\x00\x00\x00\x02\x08\x01',
  };
  const ok = { ':status': '200', 'content-type': 'application/grpc+proto' };
  return {
    'gRPC call': {
      request,
      responses: [
        { headers: ok, body: '\x00\x00\x00\x00\x00', trailers: { 'grpc-status': '0', 'grpc-message': '' } },
      ],
    },
    'gRPC stream of messages': {
      request: { ...request, body: '\x00\x00\x00\x00\x00'.repeat(1_000) },
      responses: [
        { headers: ok, body: '\x00\x00\x00\x00\x00'.repeat(1_000), trailers: { 'grpc-status': '0' } },
      ],
    },
    'gRPC error in trailers': {
      request,
      responses: [
        {
          headers: ok,
          body: '',
          trailers: { 'grpc-status': '5', 'grpc-message': 'no%20such', 'grpc-status-details-bin': 'CAUSBw' },
        },
      ],
    },
    'gRPC error in headers': {
      request,
      responses: [{ headers: { ...ok, 'grpc-status': '12', 'grpc-message': 'unimplemented' } }],
    },
  };
}

function tunnels(): Readonly<Record<string, Http2Shape>> {
  const headers = head({ ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' });
  return {
    'WebSocket over HTTP/2': {
      request: { headers, body: 'ping' },
      responses: [{ headers: { ':status': '200', 'sec-websocket-protocol': 'chat' }, body: 'pong' }],
    },
  };
}
