import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createMetrics, type Metrics } from '../../../operator/process/metrics.ts';
import { typeUrl } from '../../../operator/envoy/proto/type-urls.ts';

let metrics: Metrics;

beforeEach(() => {
  metrics = createMetrics();
});

afterEach(() => metrics.close());

/** Samples of our own, without buckets: `name{labels}` → value. */
async function samples(): Promise<Record<string, number>> {
  const lines = (await metrics.render())
    .split('\n')
    .filter((line) => line.startsWith('meshwright_') && !line.includes('_bucket'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

test('the table in the README lists exactly the metrics there are', () => {
  const readme = readFileSync(new URL('../../../operator/admin/README.md', import.meta.url), 'utf8');

  const listed = Array.from(readme.matchAll(/^\| `(meshwright_\w+)`/gm), ([, name]) => name);

  expect(new Set(listed)).toEqual(new Set(metrics.names()));
  expect(listed).toHaveLength(metrics.names().length);
});

test('what is reported is shown, in base units', async () => {
  metrics.streams(2);
  metrics.pushed(typeUrl.virtualHost, 5);
  metrics.acked(typeUrl.virtualHost);
  metrics.nacked(typeUrl.cluster);
  metrics.converged(250);
  metrics.stageDone('translate', 5);
  metrics.certificatesExpire({
    root: new Date(2_000_000),
    intermediate: undefined,
    leaves: [
      ['bank', 7000],
      ['shop', 5000],
    ],
  });
  metrics.statusWritten('failure');
  metrics.resourcesInvalid(3);

  expect(await samples()).toMatchObject({
    meshwright_xds_streams: 2,
    'meshwright_xds_pushed_resources_total{type="VirtualHost"}': 5,
    'meshwright_xds_pushes_total{type="VirtualHost"}': 1,
    'meshwright_xds_acks_total{type="VirtualHost"}': 1,
    'meshwright_xds_nacks_total{type="Cluster"}': 1,
    meshwright_convergence_seconds_sum: 0.25,
    meshwright_translate_duration_seconds_sum: 0.005,
    meshwright_build_duration_seconds_count: 0,
    'meshwright_certificate_expiry_timestamp_seconds{certificate="root"}': 2000,
    'meshwright_certificate_expiry_timestamp_seconds{certificate="earliest_leaf"}': 5,
    'meshwright_workload_certificate_expiry_timestamp_seconds{namespace="bank"}': 7,
    'meshwright_workload_certificate_expiry_timestamp_seconds{namespace="shop"}': 5,
    'meshwright_status_writes_total{result="failure"}': 1,
    meshwright_resources_invalid: 3,
  });
});

test('a certificate that is no more has no expiry', async () => {
  const ends = { root: new Date(1000), intermediate: new Date(2000), leaves: [['shop', 3000]] as const };
  metrics.certificatesExpire(ends);
  metrics.certificatesExpire({ ...ends, intermediate: undefined, leaves: [] });

  const expiries = Object.entries(await samples()).filter(([name]) => name.includes('certificate_expiry'));

  expect(expiries).toEqual([['meshwright_certificate_expiry_timestamp_seconds{certificate="root"}', 1]]);
});

test('the delay of the event loop is told in seconds, also twice in a row', async () => {
  await metrics.render();

  const shown = await samples();

  const delays = ['p50', 'p99', 'max'].map(
    (statistic) => shown[`meshwright_event_loop_delay_seconds{statistic="${statistic}"}`],
  );
  expect(delays.every((delay) => delay !== undefined && delay >= 0 && delay < 60)).toBe(true);
});

test('two operators in one process count apart', async () => {
  const other = createMetrics();
  other.streams(1);
  other.close();

  expect(await samples()).toMatchObject({ meshwright_xds_streams: 0 });
});
