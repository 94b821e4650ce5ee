// Access logs, spans and counts of real Envoys, as Google's APIs take them: a stand-in checks each request by Google's own definitions and limits.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { GoogleCloudIr } from '../../operator/ir/provider.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startTellingMesh, type TellingMesh } from '../support/data-plane/telling-mesh.ts';
import type { CloudSpan, Entry, TimeSeries } from '../support/google/checks.ts';
import { type Google, refusal, startGoogle } from '../support/google/stand-in.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { sampleAccessLog, spiffeId } from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const project = 'my-project-123';
const trace = '0af7651916cd43dd8448eb211c80319c';
/** With a key, and with what the metadata server says. */
let byKey: Google;
let onNode: Google;
let mesh: TellingMesh;

beforeAll(async () => {
  byKey = await startGoogle(closing);
  onNode = await startGoogle(closing);
  const provider = (name: string, { url }: Google, secretName: string | null): GoogleCloudIr => ({
    name,
    type: 'GoogleCloud',
    metrics: true,
    project,
    secretName,
    cluster: null,
    endpoints: { monitoring: url, logging: url, trace: url },
  });
  mesh = await startTellingMesh(closing, {
    secrets: { account: { 'key.json': byKey.keyFile } },
    env: { GCE_METADATA_HOST: new URL(onNode.url).host },
    settings: {
      providers: [provider('by-key', byKey, 'account'), provider('on-node', onNode, null)],
      tracing: { providers: ['by-key', 'on-node'], percentage: 0, propagation: 'B3' },
      accessLogs: [{ ...sampleAccessLog, providers: ['by-key', 'on-node'] }],
    },
  });
});

/** What comes in the end; undefined: not yet. */
async function eventually<T>(read: () => T | undefined): Promise<T> {
  return await poll(async () => await Promise.resolve(read()), { intervalMs: 100, deadlineMs: 120_000 });
}

function entriesOf(google: Google, path: string): readonly Entry[] {
  return [...google.entries.values()].filter(({ jsonPayload }) => jsonPayload?.['path'] === path);
}

test.each([
  ['with a key', () => byKey, 'global', { traceparent: `00-${trace}-b7ad6b7169203331-01` }],
  ['on a node', () => onNode, 'europe-west1', { b3: `${trace}-b7ad6b7169203331-1` }],
])(
  'an access log of both sidecars, with the trace that it belongs to: %s',
  async (name, google, location, headers) => {
    const path = `/${name.replaceAll(' ', '-')}/503`;
    expect(await mesh.ask(path, headers)).toMatchObject({
      status: 503,
    });

    const both = await eventually(() => {
      const found = entriesOf(google(), path);
      return found.length === 2 ? found : undefined;
    });

    const ofServer = both.find(({ resource }) => resource.labels['job'] === 'server');
    expect(ofServer).toMatchObject({
      logName: `projects/${project}/logs/meshwright%2Fall`,
      severity: 'ERROR',
      resource: {
        type: 'generic_task',
        labels: { project_id: project, location, namespace: 'shop', task_id: 'server' },
      },
      labels: { 'meshwright.dev/identity': spiffeId('server') },
      trace: `projects/${project}/traces/${trace}`,
      httpRequest: {
        requestMethod: 'GET',
        requestUrl: expect.stringContaining(path),
        status: 503,
        remoteIp: '127.0.0.1',
        latency: expect.stringMatching(/^[\d.]+s$/),
      },
      jsonPayload: { direction: 'inbound', peer: spiffeId('caller') },
    });
    expect(google().mistakes).toEqual([]);
  },
);

test('spans of both sidecars join the trace of the application', async () => {
  const spans = await eventually(() => {
    const found = byKey.spans.filter(({ name }) => name.startsWith(`projects/${project}/traces/${trace}/`));
    // Of both requests above.
    return found.length === 4 ? found : undefined;
  });

  const service = (span: CloudSpan | undefined): string | undefined =>
    span?.attributes.attributeMap['service.name']?.stringValue.value;
  const inServers = spans.filter((span) => service(span) === 'server');
  const inCallers = inServers.map(({ parentSpanId }) => spans.find(({ spanId }) => spanId === parentSpanId));
  expect(inCallers.map(service)).toEqual(['caller', 'caller']);
  expect(inCallers.map((span) => span?.parentSpanId)).toEqual(['b7ad6b7169203331', 'b7ad6b7169203331']);
  const [[inServer], [inCaller]] = [inServers, inCallers];
  expect([inCaller?.spanKind, inServer?.spanKind]).toEqual(['CLIENT', 'SERVER']);
  const text = (value: string): object => ({ stringValue: { value } });
  expect(inServer?.attributes.attributeMap).toMatchObject({
    '/http/method': text('GET'),
    '/http/status_code': text('503'),
    'meshwright.peer': text(spiffeId('caller')),
    'g.co/r/generic_task/task_id': text('server'),
  });
  expect(Date.parse(inServer?.startTime ?? '')).toBeGreaterThanOrEqual(Date.parse(inCaller?.startTime ?? ''));
});

function totals(metric: string): readonly number[] {
  const isOf = ({ metric: { type }, resource }: TimeSeries): boolean =>
    type === `workload.googleapis.com/meshwright.${metric}` && resource.labels['job'] === 'server';
  return byKey.series
    .filter(isOf)
    .map(({ points: [point] }) =>
      Number(point?.value.int64Value ?? point?.value.distributionValue?.count ?? 0),
    );
}

test('what sidecars count becomes sums and distributions', async () => {
  // Of both requests above: the first report may have come between them.
  await eventually(() => totals('inbound.requests').find((total) => total >= 2));
  await eventually(() => totals('inbound.duration').find((total) => total >= 2));
  await mesh.ask('/again/503');
  await mesh.ask('/again/503');
  const grown = await eventually(() => totals('inbound.requests').find((total) => total >= 4));

  expect(grown).toBe(4);
  expect(byKey.mistakes).toEqual([]);
});

test('while Google refuses, the report says why; with a role and a new token, what has waited is taken once', async () => {
  const { providerReports } = mesh.board;
  const reasons: string[] = [];
  // Each of them: the next attempt, a second later, is refused for another reason.
  providerReports.subscribe(() => {
    const trouble = providerReports.get().find(({ name }) => name === 'by-key')?.trouble ?? null;
    if (trouble !== null) reasons.push(trouble.reason);
  });
  byKey.tokens.revoke();
  byKey.forced.logging.push(
    refusal(403, 'PERMISSION_DENIED', "Permission 'logging.logEntries.create' denied on resource"),
    refusal(503, 'UNAVAILABLE', 'later'),
  );
  await mesh.ask('/waits/200');

  expect(await eventually(() => reasons[0])).toBe(
    "HTTP 403 PERMISSION_DENIED Permission 'logging.logEntries.create' denied on resource",
  );
  await eventually(() => (entriesOf(byKey, '/waits/200').length === 2 ? true : undefined));
  await eventually(() => providerReports.get().every((report) => report.trouble === null) || undefined);
  expect(byKey.tokens.given).toBe(2);
  expect([byKey.mistakes, onNode.mistakes]).toEqual([[], []]);
});
