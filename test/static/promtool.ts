// The rules and alerts that we ship are right, and the operator's /metrics follow the conventions of Prometheus, as promtool judges them.
// Entry: checkMetrics, and `node test/static/promtool.ts`. promtool is the one of PATH, or comes from Debian's package.
import { spawnSync } from 'node:child_process';
import { findPrometheus } from '../../demo/programs/prometheus.ts';
import { exposition } from '../../operator/traffic-metrics/exposition.ts';
import { families, familyNames, labelNames } from '../../operator/traffic-metrics/families.ts';
import { TrafficRegistry } from '../../operator/traffic-metrics/registry.ts';
import { durationBounds } from '../../operator/values/sidecar-names.ts';
import { createMetrics } from '../../operator/process/metrics.ts';
import { notRun, print, type Verdict } from './verdict.ts';

export async function checkMetrics(): Promise<Verdict> {
  const programs = await findPrometheus(print);
  if (programs === null) return notRun('promtool check metrics', 'Put promtool (of Prometheus) on the PATH.');
  const { status } = spawnSync(programs.promtool, ['check', 'metrics'], {
    input: await sampleMetrics(),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const rules = [
    ['check', 'rules', 'deploy/prometheus/rules.yaml'],
    ['test', 'rules', 'deploy/prometheus/rules.test.yaml'],
  ].map((args) => spawnSync(programs.promtool, args, { stdio: 'inherit' }).status);
  return [status, ...rules].every((it) => it === 0) ? 'passed' : 'failed';
}

/** All metrics that an operator may show, each with a value. */
async function sampleMetrics(): Promise<string> {
  const metrics = createMetrics();
  const type = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
  metrics.streams(1);
  metrics.pushed(type, 1);
  metrics.acked(type);
  metrics.nacked(type);
  metrics.converged(5);
  for (const stage of ['translate', 'build', 'publish'] as const) metrics.stageDone(stage, 1);
  metrics.certificatesExpire({
    root: new Date(1000),
    intermediate: new Date(1000),
    leaves: [['shop', 1000]],
  });
  metrics.ruleRefused(
    { enforcement: 'Audit', namespace: 'a', policy: 'b', rule: 'c', caller: 'a/d', callee: 'a/e' },
    1,
  );
  metrics.statusWritten('success');
  metrics.resourcesInvalid(0);
  try {
    return (await metrics.render()) + sampleTraffic();
  } finally {
    metrics.close();
  }
}

/** Those of traffic, with all labels. */
function sampleTraffic(): string {
  const registry = new TrafficRegistry(1_000);
  const labels = Object.fromEntries(labelNames.map((name) => [name, 'some']));
  for (const family of familyNames) {
    const buckets = families[family].type === 'histogram' ? [...durationBounds, Infinity].map(() => 1) : null;
    registry.add({ family, labels }, { count: 1, buckets }, 0);
  }
  return [...exposition(registry)].join('');
}

if (import.meta.main) process.exitCode = (await checkMetrics()) === 'failed' ? 1 : 0;
