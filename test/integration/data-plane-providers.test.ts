// Access logs, spans and counts of real Envoys arrive in a real OpenTelemetry Collector and in a plug-in, by way of the operator; a provider
// that is down is told and delays nobody.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findCollector } from '../../demo/programs/collector.ts';
import type { OtlpJson } from '../../demo/telemetry/otlp-files.ts';
import type { ReceiverIr } from '../../operator/ir/provider.ts';
import { type Collector, startCollector } from '../support/collector/collector.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startPlugin } from '../support/data-plane/plugin.ts';
import { startTellingMesh, type TellingMesh } from '../support/data-plane/telling-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { sampleAccessLog, spiffeId } from '../support/mesh-samples.ts';

const assets = await findCollector();
if (!assets.available) process.stderr.write(`NOT RUN: providers with a real collector. ${assets.reason}\n`);
const testWithCollector = assets.available ? test : test.skip;

const closing = new Closing();
afterAll(() => closing.close());

let mesh: TellingMesh;
let collector: Collector;
let ports: readonly [number, number, number];
let plugin: () => Promise<readonly unknown[]>;

beforeAll(async () => {
  if (!assets.available) return;
  ports = [await freePort(), await freePort(), await freePort()];
  collector = await startCollector(assets.program, closing, ports);
  const pluginPort = await freePort();
  plugin = await startPlugin(pluginPort, closing);
  const [grpc, http, zipkin] = ports;
  const provider = (name: string, parts: Partial<ReceiverIr>): ReceiverIr => ({
    name,
    type: 'OpenTelemetry',
    endpoint: `http://127.0.0.1:${grpc}`,
    protocol: 'GRPC',
    metrics: false,
    ...parts,
  });
  mesh = await startTellingMesh(closing, {
    settings: {
      providers: [
        provider('grpc', { metrics: true }),
        provider('http', { endpoint: `http://127.0.0.1:${http}`, protocol: 'HTTP' }),
        provider('plugin', { type: 'Plugin', endpoint: `http://127.0.0.1:${pluginPort}`, metrics: true }),
        provider('zipkin', { type: 'Zipkin', endpoint: `http://127.0.0.1:${zipkin}` }),
      ],
      tracing: { providers: ['grpc', 'plugin', 'zipkin'], percentage: 0, propagation: 'W3C' },
      accessLogs: [
        { ...sampleAccessLog, providers: ['grpc', 'plugin'] },
        {
          ...sampleAccessLog,
          name: 'errors',
          filter: 'response.code >= 500',
          providers: ['http'],
          format: { type: 'Text', parts: [{ text: 'failed: ' }, { field: 'path' }] },
        },
      ],
    },
  });
});

/** What comes in the end; undefined: not yet. */
async function eventually<T>(read: () => Promise<T | undefined>): Promise<T> {
  return await poll(read, { intervalMs: 100, deadlineMs: 120_000 });
}

/** What a span says in either format; Zipkin counts microseconds. */
function asOfOtlp({ resource, item, attributes }: OtlpJson): Readonly<Record<string, unknown>> {
  const {
    'service.name': service = '',
    'service.namespace': namespace,
    'meshwright.identity': identity,
  } = resource;
  const [startNs, endNs] = [item['startTimeUnixNano'], item['endTimeUnixNano']].map((ns) =>
    BigInt(String(ns)),
  );
  const { spanId, parentSpanId, name, kind } = item;
  return {
    spanId,
    parentSpanId,
    name,
    kind,
    service: namespace === undefined ? service : `${service}.${namespace}`,
    startUs: (startNs ?? 0n) / 1_000n,
    durationUs: ((endNs ?? 0n) - (startNs ?? 0n)) / 1_000n,
    attributes: { 'meshwright.identity': identity, ...attributes },
  };
}

function bySpan(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  return String(a['spanId']) < String(b['spanId']) ? -1 : 1;
}

/** At least these fields, with these texts. */
function has(line: unknown, fields: Readonly<Record<string, string>>): boolean {
  const all = new Map<string, unknown>(Object.entries(line ?? {}));
  return Object.entries(fields).every(([name, text]) => all.get(name) === text);
}

const trace = '0af7651916cd43dd8448eb211c80319c';

testWithCollector(
  'access logs by name, over gRPC and HTTP, from the workload that the certificate proves',
  async () => {
    expect(await mesh.ask('/one/200')).toMatchObject({ status: 200 });
    expect(await mesh.ask('/two/503')).toMatchObject({ status: 503 });

    const failed = await eventually(async () => {
      const found = (await collector.logs()).filter(({ scope }) => scope === 'errors');
      return found.length === 2 ? found : undefined;
    });
    expect(failed.map(({ item }) => item['body'])).toEqual([
      { stringValue: 'failed: /two/503' },
      { stringValue: 'failed: /two/503' },
    ]);
    const all = await eventually(async () => {
      const found = (await collector.logs()).filter(({ scope }) => scope === 'all');
      return found.length === 4 ? found : undefined;
    });
    const ofServer = all.filter(({ resource }) => resource['service.name'] === 'server');
    expect(ofServer.map(({ attributes }) => attributes['path'])).toEqual(['/one/200', '/two/503']);
    expect(ofServer[0]).toMatchObject({
      resource: { 'service.namespace': 'shop', 'meshwright.identity': spiffeId('server') },
      attributes: { direction: 'inbound', response_code: '200', peer: spiffeId('caller') },
    });
  },
);

testWithCollector(
  'spans of both sidecars join the trace of the application; who decides about it is the caller',
  async () => {
    const sampled = await mesh.ask('/traced/200', {
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
    });
    const not = await mesh.ask('/untraced/200', {
      traceparent: `00-${trace.replace('0', '1')}-b7ad6b7169203331-00`,
    });
    const fresh = await mesh.ask('/fresh/200');

    expect(sampled.seen['traceparent']).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    expect(not.seen['traceparent']).toMatch(/-00$/);
    expect(fresh.seen['traceparent']).toMatch(/-00$/);
    // By OTLP, and by JSON of Zipkin.
    const spans = await eventually(async () => {
      const found = (await collector.traces()).filter(({ item }) => item['traceId'] === trace);
      return found.length === 4 ? found : undefined;
    });
    const byOtlp = spans.filter(({ resource }) => resource['meshwright.identity'] !== undefined);
    const parentOf = new Map(byOtlp.map(({ item }) => [item['spanId'], item['parentSpanId']]));
    const inServer = byOtlp.find(({ resource }) => resource['service.name'] === 'server');
    const chain = [inServer?.item['spanId']];
    for (let at = 0; at < 2; at += 1) chain.push(parentOf.get(chain[at]));
    expect(chain[2]).toBe('b7ad6b7169203331');
    expect(inServer).toMatchObject({
      attributes: { 'meshwright.direction': 'inbound', 'meshwright.peer': spiffeId('caller') },
    });
    expect(inServer?.item['kind']).toBe(2);
    expect(byOtlp.find((span) => span !== inServer)?.item['kind']).toBe(3);
    const byZipkin = spans.filter((span) => !byOtlp.includes(span));
    expect(byZipkin.map(asOfOtlp).toSorted(bySpan)).toEqual(byOtlp.map(asOfOtlp).toSorted(bySpan));
    // Had there been spans of the others, they would be there before those of what comes later.
    const later = trace.replace('0', '3');
    await mesh.ask('/later/200', { traceparent: `00-${later}-b7ad6b7169203331-01` });
    const ids = await eventually(async () => {
      const found = (await collector.traces()).map(({ item }) => item['traceId']);
      return found.filter((id) => id === later).length === 4 ? found : undefined;
    });
    expect(new Set(ids)).toEqual(new Set([trace, later]));
  },
);

testWithCollector(
  'the example of a plug-in is told who was refused, by which rule, and what was counted',
  async () => {
    expect(await mesh.ask('/secret/200')).toMatchObject({ status: 403 });

    const refused = {
      refused: '/secret/200',
      from: spiffeId('caller'),
      by: spiffeId('server'),
      rule: 'shop/reviews/secrets',
    };
    // Each sidecar tells when it is its turn: of the refusal, that of the caller as well.
    const wanted = [refused, { span: 'ingress', trace_id: trace }, { workload: 'shop/server' }];
    await eventually(async () => {
      const lines = await plugin();
      return wanted.every((one) => lines.some((line) => has(line, one))) || undefined;
    }).catch(() => undefined);
    const told = await plugin();
    expect(told).toContainEqual(refused);
    for (const one of wanted) expect(told).toContainEqual(expect.objectContaining(one));
  },
);

testWithCollector('a caller with headers of 250 KB takes nobody out of access logs and traces', async () => {
  const ofLong = { traceparent: `00-${trace.replace('0', '2')}-b7ad6b7169203331-01` };
  await mesh.ask('/beside/200', { ...ofLong, 'user-agent': 'x'.repeat(15_000) });
  await mesh.ask('/beside/200', { ...ofLong, 'user-agent': 'x'.repeat(15_000) });
  await mesh.ask('/long/200', { ...ofLong, 'user-agent': 'x'.repeat(250_000) });

  const told = await eventually(async () => {
    const paths = (await collector.logs()).map(({ attributes }) => attributes['path'] ?? '');
    const found = paths.filter((path) => ['/beside/200', '/long/200'].includes(path));
    return found.length === 6 ? found : undefined;
  });
  expect(told.filter((path) => path === '/long/200')).toHaveLength(2);
  const agents = await eventually(async () => {
    const spans = (await collector.traces()).filter(({ resource, item }) => {
      return resource['meshwright.identity'] !== undefined && item['traceId'] === trace.replace('0', '2');
    });
    return spans.length === 6
      ? spans.map(({ attributes }) => attributes['user_agent']?.length ?? 0)
      : undefined;
  });
  expect(agents).toEqual(Array.from({ length: 6 }, () => 8_192));
});

testWithCollector('what sidecars count', async () => {
  const requests = await eventually(async () => {
    const found = (await collector.metrics()).filter(
      ({ item }) => item['name'] === 'meshwright.inbound.requests',
    );
    return found.length > 0 ? found : undefined;
  });
  expect(requests[0]?.resource).toMatchObject({ 'service.name': 'server' });
});

testWithCollector(
  'while nobody takes it, requests are served, the report says so, and what waits is sent later',
  async () => {
    await collector.stop();
    const started = performance.now();
    for (let at = 0; at < 20; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await mesh.ask(`/down-${at}/200`)).toMatchObject({ status: 200 });
    }
    expect(performance.now() - started).toBeLessThan(20_000);
    // A call that was under way may have ended otherwise.
    let reason = '';
    await eventually(async () => {
      const report = mesh.board.providerReports.get().find(({ name }) => name === 'grpc');
      reason = report?.trouble?.reason ?? '';
      return reason.includes('UNAVAILABLE') || undefined;
    }).catch(() => undefined);
    expect(reason).toContain('UNAVAILABLE');
    if (!assets.available) return;
    const again = await startCollector(assets.program, closing, [ports[0], ports[1], ports[2]]);
    const paths = await eventually(async () => {
      const found = (await again.logs()).filter(({ attributes }) => attributes['path']?.startsWith('/down-'));
      return found.length === 40 ? found : undefined;
    });
    expect(new Set(paths.map(({ attributes }) => attributes['path'])).size).toBe(20);
    await eventually(
      async () => mesh.board.providerReports.get().every(({ trouble }) => trouble === null) || undefined,
    );
  },
);
