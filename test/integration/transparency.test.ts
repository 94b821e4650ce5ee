// What applications say to each other over HTTP arrives through two sidecars and mutual TLS as it does without a mesh. The same words are
// said both ways, byte by byte for HTTP/1 and header by header for HTTP/2; whatever is not the same has to be in the list of differences
// below, each of which docs/transparency.md argues.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';
import { differences } from '../support/transparency/differences.ts';
import { type Script, startScriptedApplication, type Transcript } from '../support/transparency/exchange.ts';
import { type Http2Shape, startHttp2Application } from '../support/transparency/http2.ts';
import { http2Shapes } from '../support/transparency/http2-shapes.ts';
import { shapes } from '../support/transparency/shapes.ts';

/** A heading of docs/transparency.md, the differences that it is about, and the shapes in which they may be. */
interface Difference {
  readonly why: string;
  readonly is: RegExp;
  /** Default: any shape. */
  readonly only?: RegExp;
}

const known: readonly Difference[] = [
  { why: 'Headers that sidecars add', is: /^request header added: x-forwarded-proto: http$/ },
  { why: 'Headers that sidecars add', is: /^request header added: x-request-id: [0-9a-f-]{36}$/ },
  { why: 'Headers that sidecars add', is: /^request header added: x-forwarded-client-cert: By=spiffe:/ },
  { why: 'Headers that sidecars add', is: /^response header added: date: / },
  {
    why: 'Headers that sidecars remove',
    is: /^request header lost: (?:x-envoy-|X-Forwarded-Client-Cert: )/i,
    only: /words for Envoy|forged identity/,
  },
  {
    why: 'Hop-by-hop headers',
    is: /^(?:request|response) header (?:lost|added): (?:Connection|Keep-Alive|TE|X-Hop): /i,
  },
  {
    why: 'Hop-by-hop headers',
    is: /^response header order: /,
    only: /answered without the body$/,
  },
  { why: 'Framing', is: /^request (?:header added: content-length: 0|framing: none -> content-length)$/ },
  {
    why: 'Framing',
    is: /^response (?:header added: transfer-encoding: chunked|framing: until close -> chunked)$/,
    only: /ends with the connection/,
  },
  {
    why: 'Header names and lines',
    is: /^(?:request|response) trailer (?:lost|added): x-(?:checksum|other): /i,
    only: /trailers/,
  },
  {
    why: 'Header names and lines',
    is: /^(?:request|response) header (?:lost|added): (?:x-a|accept|x-forwarded-for|set-cookie): /i,
    only: /same name|known list|three cookies/,
  },
  {
    why: 'Header names and lines',
    is: /^request header (?:lost|added): cookie: /,
    only: /^HTTP\/2: request with two cookies/,
  },
  {
    why: 'Header names and lines',
    is: /^response line: HTTP\/1\.1 200 {2}-> HTTP\/1\.1 200 OK$/,
    only: /answered 200 $/,
  },
  {
    why: 'HTTP/1.0',
    is: /^request (?:line: (?:GET|POST) \/ HTTP\/1\.0 -> \w+ \/ HTTP\/1\.1|header added: host: localhost)$/,
    only: /^HTTP\/1\.0/,
  },
  {
    why: 'HTTP/1.0',
    is: /^response line: HTTP\/1\.[01] 200 OK -> HTTP\/1\.[01] 200 OK$/,
    only: /HTTP\/1\.0/,
  },
  {
    why: 'Request targets',
    is: /^request (?:line: GET http:\/\/other\.example\/absolute\?x|header (?:lost|added): Host: (?:svc|other\.example)$)/,
    only: /^target http:/,
  },
  { why: 'Request targets', is: /./, only: /^target \/(?:caf\xc3\xa9|#)$|OPTIONS \*$|^CONNECT$/ },
  { why: 'Methods', is: /./, only: /^QUERY without Content-Type$/ },
  { why: 'Interim responses', is: /./, only: /^two of 103 Early Hints$/ },
  {
    why: 'Interim responses',
    is: /^request rest: POST/,
    only: /^(?:Expect: 100-continue, (?:refused|answered without)|an answer before the end)/,
  },
  {
    why: 'Upgrades',
    is: /./,
    only: /^Upgrade: (?:IRC\/6\.9|TLS\/1\.2|h2c|foo|two (?:unknown )?tokens|an unknown token, ignored|h2c, ignored)$|h2c, not taken$/,
  },
  { why: 'Upgrades', is: /./, only: /^Upgrade: tcp with a body that is waited for$/ },
  { why: 'Upgrades', is: /^response /, only: /^Upgrade: websocket, answered (?:200|302) / },
  { why: 'Upgrades', is: /^response header added: connection: close$/, only: /^Upgrade: \w+, answered / },
];

const closing = new Closing();
afterAll(() => closing.close());

interface Application<Shape> {
  readonly port: number;
  exchange(port: number, shape: Shape): Promise<Transcript>;
}
interface Both<Shape> {
  readonly application: Application<Shape>;
  /** Where its callers reach it through sidecars. */
  readonly meshed: number;
}

let http1: Both<Script>;
let http2: Both<Http2Shape>;

beforeAll(async () => {
  const applications = [
    await startScriptedApplication(closing),
    await startHttp2Application(closing),
  ] as const;
  const inbound = await Promise.all(
    applications.map(async ({ port }) => sampleInbound(await freePort(), port, { mtls: 'Strict' })),
  );
  const services = inbound.map(({ port }, at) =>
    sampleService(`shop/http${at + 1}/80`, {
      peerIdentities: [spiffeId('server')],
      endpoints: [sampleEndpoint(port, { mtls: true })],
    }),
  );
  const bindings = await Promise.all(
    services.map(async ({ key }) => {
      const port = await freePort();
      return { address: '127.0.0.1', port, service: key, protocol: 'HTTP' as const };
    }),
  );
  const workloads = [sampleWorkload('caller', { bindings }), sampleWorkload('server', { inbound })];
  await startSidecars(sampleMesh({ services, workloads }), closing);
  const [first, second] = applications;
  http1 = { application: first, meshed: bindings[0]?.port ?? 0 };
  http2 = { application: second, meshed: bindings[1]?.port ?? 0 };
});

/** The differences that are in the list, of all shapes so far. */
const seen = new Set<Difference>();

async function unexplained<Shape>(
  { application, meshed }: Both<Shape>,
  name: string,
  shape: Shape,
): Promise<readonly string[]> {
  const without = await application.exchange(application.port, shape);
  const through = await application.exchange(meshed, shape);
  return differences(without, through).filter((difference) => {
    const found = known.filter(({ is, only }) => is.test(difference) && (only?.test(name) ?? true));
    for (const one of found) seen.add(one);
    return found.length === 0;
  });
}

describe('HTTP/1.0, HTTP/1.1 and upgrades arrive byte by byte', () => {
  test.each(Object.entries(shapes()))('%s', async (name, shape) => {
    expect(await unexplained(http1, name, shape)).toEqual([]);
  });
});

describe('HTTP/2 and gRPC arrive header by header', () => {
  test.each(Object.entries(http2Shapes()))('%s', async (name, shape) => {
    expect(await unexplained(http2, `HTTP/2: ${name}`, shape)).toEqual([]);
  });
});

test('there is no difference in the list that no shape has', () => {
  expect(known.filter((difference) => !seen.has(difference))).toEqual([]);
});
