// What real Envoys count, a real Prometheus reads from the operator: each number is the truth, on both sides of a call; and what our
// dashboards and rules ask it has an answer.
import { once } from 'node:events';
import { join } from 'node:path';
import { Agent, type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PrometheusClient } from '../../demo/telemetry/prometheus.ts';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { createAdminServer } from '../../operator/admin/server.ts';
import { createLog } from '../../operator/process/log.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { createMetrics } from '../../operator/process/metrics.ts';
import { readSettings } from '../../operator/process/settings.ts';
import { createBoard } from '../../operator/wiring/board.ts';
import { createTelemetry } from '../../operator/wiring/telemetry.ts';
import { createTrafficMetrics } from '../../operator/wiring/traffic-metrics.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { talk } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';
import { noDebugPages } from '../support/no-debug-pages.ts';
import { startPrometheus } from '../support/prometheus/prometheus.ts';

const closing = new Closing();
afterAll(() => closing.close());

let prometheus: PrometheusClient;
let ports: { readonly http: number; readonly tcp: number; readonly toHttp: number; readonly toTcp: number };

beforeAll(async () => {
  const metrics = createMetrics();
  // As of an operator that has had something to do.
  metrics.streams(2);
  metrics.pushed('Cluster', 1);
  metrics.converged(5);
  closing.add(async () => metrics.close());
  const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
  const context = { settings, clock: systemClock, log: createLog('silent'), metrics };
  const board = createBoard();
  createTelemetry(board, context);
  createTrafficMetrics(board, context);
  // Answers with the status that the path names: /200, or /200/50 after so many milliseconds.
  const application = await startApplication('status', closing, ({ url }, response) => {
    const [, code = '', delay = '0'] = url.split('/');
    setTimeout(() => response.writeHead(Number(code)).end('12345'), Number(delay));
  });
  const greeter = await startGreeter('hello', closing);
  const [http, tcp, toHttp, toTcp] = [await freePort(), await freePort(), await freePort(), await freePort()];
  ports = { http, tcp, toHttp, toTcp };
  const peerIdentities = [spiffeId('server')];
  const at = (port: number): ReturnType<typeof sampleEndpoint> =>
    sampleEndpoint(port, { mtls: true, workload: 'ExternalWorkload/shop/server' });
  const reviews = sampleService('shop/reviews/80', { peerIdentities, endpoints: [at(http)] });
  const database = sampleService('shop/database/5432', {
    peerIdentities,
    protocol: 'TCP',
    endpoints: [at(tcp)],
  });
  const binding = { address: '127.0.0.1', service: reviews.key, protocol: 'HTTP' } as const;
  const ir = sampleMesh({
    services: [database, reviews],
    workloads: [
      sampleWorkload('caller', {
        bindings: [
          { ...binding, port: toHttp },
          { ...binding, port: toTcp, service: database.key, protocol: 'TCP' },
        ],
      }),
      sampleWorkload('server', {
        inbound: [sampleInbound(http, application), sampleInbound(tcp, greeter, { protocol: 'TCP' })],
      }),
    ],
  });
  board.identities.set(new Map(ir.workloads.map((it) => [it.key, it])));
  board.translation.set({ ...board.translation.get(), ir });
  const mesh = await ServedMesh.start(ir, closing, [], undefined, {
    services: board.telemetryServices.get(),
  });
  const admin = createAdminServer({
    address: { host: '127.0.0.1', port: 0 },
    log: createLog('silent'),
    metrics,
    trafficMetrics: board.trafficMetrics.get,
    components: () => [],
    debug: noDebugPages,
  });
  await admin.start();
  closing.add(() => admin.stop());
  prometheus = await startPrometheus(
    [
      { job: 'meshwright-operator', path: '/metrics', port: admin.port() },
      { job: 'meshwright-traffic', path: '/metrics/traffic', port: admin.port() },
    ],
    closing,
    [join(import.meta.dirname, '../../deploy/prometheus/rules.yaml')],
  );
  expect(mesh.sidecars.size).toBe(2);
});

async function call(port: number, paths: readonly string[], body = ''): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  await Promise.all(
    paths.map(async (path) => {
      const outgoing = request({ host: '127.0.0.1', port, path, agent, method: 'POST' }).end(body);
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
    }),
  );
  agent.destroy();
}

const times = (count: number, path: string): readonly string[] => Array.from({ length: count }, () => path);
const edge =
  'source_workload="caller",source_namespace="shop",source_service_account="caller",destination_workload="server",destination_service="reviews"';

/** Sidecars report every ten seconds, and Prometheus looks every second. */
const deadlineMs = 90_000;

/** What Prometheus has when it has come to `expected`, or what it has at the end. */
async function settles(expression: string, expected: number): Promise<number> {
  let last = Number.NaN;
  await poll(
    async () => {
      last = await prometheus.sum(expression);
      return last === expected ? true : undefined;
    },
    { intervalMs: 200, deadlineMs },
  ).catch(() => undefined);
  return last;
}

test('requests are counted once by each side, by class, with bytes and durations', async () => {
  await call(ports.toHttp, [...times(40, '/200'), ...times(7, '/404'), ...times(3, '/503')], 'abc');
  await call(ports.toHttp, times(10, '/200/120'));
  await call(ports.http, times(5, '/200'));
  await talk(ports.toTcp);
  await talk(ports.toTcp);
  for (const reporter of ['source', 'destination']) {
    const labels = `${edge},reporter="${reporter}",mtls="true"`;
    const of = (response: string): string =>
      `meshwright_requests_total{${labels},response_class="${response}"}`;
    // oxlint-disable no-await-in-loop -- one after the other
    expect([reporter, await settles(of('2xx'), 50)]).toEqual([reporter, 50]);
    expect([reporter, await settles(of('4xx'), 7)]).toEqual([reporter, 7]);
    const tcp = `{reporter="${reporter}",source_workload="caller",destination_service="database"}`;
    expect([reporter, await settles(`meshwright_tcp_connections_total${tcp}`, 2)]).toEqual([reporter, 2]);
    expect([reporter, await settles(`meshwright_tcp_received_bytes_total${tcp}`, 16)]).toEqual([
      reporter,
      16,
    ]);
    expect([reporter, await settles(`meshwright_tcp_sent_bytes_total${tcp}`, 26)]).toEqual([reporter, 26]);
    // oxlint-enable no-await-in-loop
  }
});

test('percentiles lie within the bucket of the truth', async () => {
  const durations = 'meshwright_request_duration_seconds';
  const buckets = `${durations}_bucket{${edge},reporter="destination"`;
  // A sidecar may tell how long a request took in the report after the one that counts it.
  expect(await settles(`${durations}_count{${edge},reporter="destination"}`, 60)).toBe(60);
  // Ten of sixty took 120 ms and a little more; the others were answered at once.
  const slow =
    (await prometheus.sum(`${buckets},le="+Inf"}`)) - (await prometheus.sum(`${buckets},le="0.1"}`));
  expect(slow).toBeGreaterThanOrEqual(10);
  const [p99] = await prometheus.query(`histogram_quantile(0.99, sum by (le) (${buckets}}))`);
  expect(p99?.value).toBeGreaterThan(0.1);
});

/** As Grafana would, for that workload. */
function filledIn(expression: string, workload: string): string {
  return expression
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$namespace', 'shop')
    .replaceAll('$service', 'reviews')
    .replaceAll('$workload', workload);
}

test('no panel of our dashboards is empty, and rules have results', async () => {
  // Counters that grow, as rates want them.
  await call(ports.toHttp, times(30, '/200'));
  const all = `meshwright_requests_total{${edge},reporter="source",response_class="2xx"}`;
  expect(await settles(all, 80)).toBe(80);
  const queries = dashboards.flatMap(({ id, panels }) =>
    panels.flatMap((panel) => panel.queries.map((it) => ({ ...it, where: `${id}: ${panel.title}` }))),
  );
  const empty: string[] = [];
  for (const { expression, where } of queries) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answers = await Promise.all(
      ['server', 'caller'].map((workload) => prometheus.query(filledIn(expression, workload))),
    );
    if (answers.every((samples) => samples.length === 0)) empty.push(where);
  }
  expect(empty).toEqual([]);
  expect(
    await prometheus.sum(
      filledIn('sum(rate(meshwright_requests_total{reporter="source"}[$__rate_interval]))', ''),
    ),
  ).toBeGreaterThan(0);
  const recorded = 'meshwright:service_requests:rate5m{destination_service="reviews",response_class="2xx"}';
  await poll(async () => ((await prometheus.sum(recorded)) > 0 ? true : undefined), {
    intervalMs: 200,
    deadlineMs,
  });
});
