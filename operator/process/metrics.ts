// What the operator tells Prometheus. Entry: createMetrics, one registry for each operator. It measures
// nothing itself but the event loop: the parts report to it. The table in admin/README.md lists every name.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type EventLoopDelay, watchEventLoop } from './event-loop-delay.ts';

/** The stages of a publication that are timed. */
export type Stage = 'translate' | 'build' | 'publish';

export interface Metrics {
  /** Content type of `render`. */
  readonly contentType: string;
  /** The text that Prometheus scrapes. */
  render(): Promise<string>;
  /** Names of all metrics of our own. */
  names(): readonly string[];
  /** Ends the measuring of the event loop. */
  close(): void;

  /** How many streams are open. */
  streams(open: number): void;
  /** A response with so many resources was sent. The label of a type URL is its last word, for example VirtualHost. */
  pushed(typeUrl: string, resources: number): void;
  acked(typeUrl: string): void;
  nacked(typeUrl: string): void;
  /** From a publication until all connected proxies had acknowledged it, in milliseconds. */
  converged(durationMs: number): void;
  stageDone(stage: Stage, durationMs: number): void;
  certificatesExpire(ends: CertificateEnds): void;
  /** A request of a kubelet for the certificate of a pod. */
  podCertificateAnswered(answer: 'issued' | 'denied'): void;
  /** Those that are not answered, each with the time when it was made, in ms since 1970. */
  podCertificatesWaiting(waiting: readonly { readonly createdMs: number }[]): void;
  statusWritten(result: 'success' | 'failure'): void;
  /** Of keys of an issuer. */
  keysFetched(result: 'success' | 'failure'): void;
  /** All issuers whose keys are fetched, by the ids of their providers (`shop/reviews/corp`). */
  keysAge(reports: readonly KeysAge[]): void;
  /** Of a sidecar, on what it counted; refused: for its caller, its rate or its content. */
  telemetryReported(result: 'taken' | 'refused'): void;
  /** So many more requests would have been refused by that policy (`shop/reviews`), which is on trial. */
  auditRefused(policy: string, requests: number): void;
  /** Resources of the present snapshot that our own checks refused. */
  resourcesInvalid(count: number): void;
}

/** Ends of validity; undefined while there is none. */
export interface CertificateEnds {
  readonly root: Date | undefined;
  readonly intermediate: Date | undefined;
  /** Of the leaves whose Secrets this operator keeps, the first in each namespace, in ms since 1970. */
  readonly leaves: readonly (readonly [namespace: string, endMs: number])[];
}

export interface KeysAge {
  readonly providers: readonly string[];
  /** null: none were fetched yet. fetchedMs: since 1970. */
  readonly keys: { readonly fetchedMs: number } | null;
}

const prefix = 'meshwright_';
/** prom-client's gauges whose names say that they are counters; it has the same by kind, under good names. */
const misnamed = ['handles', 'requests', 'resources'].map((kind) => `nodejs_active_${kind}_total`);
const stageBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const convergenceBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const loop = watchEventLoop();
  addEventLoopDelay(registry, loop);
  const xds = addXds(registry);
  const stages = addStages(registry);
  const state = addState(registry);
  const jwks = addJwks(registry);
  const telemetry = addTelemetry(registry);
  const podCertificates = addPodCertificates(registry);
  addProcess(registry);

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    names: () =>
      registry
        .getMetricsAsArray()
        .map(({ name }) => name)
        .filter((name) => name.startsWith(prefix)),
    close: () => loop.close(),
    ...xds,
    ...stages,
    ...state,
    ...jwks,
    ...telemetry,
    ...podCertificates,
  };
}

/** Never, as far as a timer goes. */
const neverMs = 2 ** 31 - 1;

/** prom-client's own. It watches the event loop, too, all the time, and cannot be told not to: that goes out again. */
function addProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: neverMs });
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith('nodejs_eventloop_lag') || misnamed.includes(name)) registry.removeSingleMetric(name);
}

type XdsMetrics = Pick<Metrics, 'streams' | 'pushed' | 'acked' | 'nacked' | 'converged'>;

function addXds(registry: Registry): XdsMetrics {
  const registers = [registry];
  const streams = new Gauge({ name: `${prefix}xds_streams`, help: 'Open ADS streams.', registers });
  const byType = { labelNames: ['type'], registers };
  const pushes = new Counter({ name: `${prefix}xds_pushes_total`, help: 'Responses sent.', ...byType });
  const pushedResources = new Counter({
    name: `${prefix}xds_pushed_resources_total`,
    help: 'Resources in the responses sent.',
    ...byType,
  });
  const acks = new Counter({
    name: `${prefix}xds_acks_total`,
    help: 'Responses that a proxy acknowledged.',
    ...byType,
  });
  const nacks = new Counter({
    name: `${prefix}xds_nacks_total`,
    help: 'Responses that a proxy refused.',
    ...byType,
  });
  const convergence = new Histogram({
    name: `${prefix}convergence_seconds`,
    help: 'Time from a publication until all connected proxies had acknowledged it.',
    buckets: convergenceBuckets,
    registers,
  });
  return {
    streams: (open) => streams.set(open),
    pushed: (typeUrl, resources) => {
      pushes.inc({ type: shortType(typeUrl) });
      pushedResources.inc({ type: shortType(typeUrl) }, resources);
    },
    acked: (typeUrl) => acks.inc({ type: shortType(typeUrl) }),
    nacked: (typeUrl) => nacks.inc({ type: shortType(typeUrl) }),
    converged: (durationMs) => convergence.observe(durationMs / 1000),
  };
}

function addStages(registry: Registry): Pick<Metrics, 'stageDone'> {
  const stage = (name: Stage, help: string): Histogram =>
    new Histogram({
      name: `${prefix}${name}_duration_seconds`,
      help,
      buckets: stageBuckets,
      registers: [registry],
    });
  const stages: Readonly<Record<Stage, Histogram>> = {
    translate: stage('translate', 'Time to make the mesh from all objects.'),
    build: stage('build', 'Time to make Envoy resources from the mesh.'),
    publish: stage('publish', 'Time to check, encode and publish Envoy resources.'),
  };
  return { stageDone: (name, durationMs) => stages[name].observe(durationMs / 1000) };
}

function addState(
  registry: Registry,
): Pick<Metrics, 'certificatesExpire' | 'statusWritten' | 'resourcesInvalid'> {
  const registers = [registry];
  const expiry = new Gauge({
    name: `${prefix}certificate_expiry_timestamp_seconds`,
    help: 'When the root, the intermediate that signs, and the first of the leaves expire, in seconds since 1970.',
    labelNames: ['certificate'],
    registers,
  });
  const workloads = new Gauge({
    name: `${prefix}workload_certificate_expiry_timestamp_seconds`,
    help: 'When the first of the workload certificates of a namespace expires, in seconds since 1970. Only of the replica that leads.',
    labelNames: ['namespace'],
    registers,
  });
  const writes = new Counter({
    name: `${prefix}status_writes_total`,
    help: 'Statuses written to the platform.',
    labelNames: ['result'],
    registers,
  });
  const invalid = new Gauge({
    name: `${prefix}resources_invalid`,
    help: 'Resources that our own checks keep from the proxies.',
    registers,
  });
  const setExpiry = (certificate: string, notAfter: Date | undefined): void => {
    if (notAfter === undefined) expiry.remove({ certificate });
    else expiry.set({ certificate }, notAfter.getTime() / 1000);
  };
  return {
    certificatesExpire: ({ root, intermediate, leaves }) => {
      setExpiry('root', root);
      setExpiry('intermediate', intermediate);
      const first = Math.min(...leaves.map(([, endMs]) => endMs));
      setExpiry('earliest_leaf', leaves.length === 0 ? undefined : new Date(first));
      workloads.reset();
      for (const [namespace, endMs] of leaves) workloads.set({ namespace }, endMs / 1000);
    },
    statusWritten: (result) => writes.inc({ result }),
    resourcesInvalid: (count) => invalid.set(count),
  };
}

function addPodCertificates(
  registry: Registry,
): Pick<Metrics, 'podCertificateAnswered' | 'podCertificatesWaiting'> {
  const registers = [registry];
  const answers = new Counter({
    name: `${prefix}pod_certificate_requests_total`,
    help: 'PodCertificateRequests that this replica answered.',
    labelNames: ['result'],
    registers,
  });
  const waiting = new Gauge({
    name: `${prefix}pod_certificate_requests_waiting`,
    help: 'PodCertificateRequests of pods of the mesh that are not answered.',
    registers,
  });
  const oldest = new Gauge({
    name: `${prefix}pod_certificate_requests_oldest_timestamp_seconds`,
    help: 'When the oldest of them was made, in seconds since 1970; 0 if there is none.',
    registers,
  });
  return {
    podCertificateAnswered: (result) => answers.inc({ result }),
    podCertificatesWaiting: (requests) => {
      waiting.set(requests.length);
      const times = requests.map(({ createdMs }) => createdMs / 1000);
      oldest.set(times.length === 0 ? 0 : Math.min(...times));
    },
  };
}

function addJwks(registry: Registry): Pick<Metrics, 'keysFetched' | 'keysAge'> {
  const registers = [registry];
  const fetches = new Counter({
    name: `${prefix}jwks_fetches_total`,
    help: 'Fetches of key sets of issuers.',
    labelNames: ['result'],
    registers,
  });
  const fetched = new Gauge({
    name: `${prefix}jwks_fetched_timestamp_seconds`,
    help: 'When the key set of an issuer was last fetched, in seconds since 1970. Only of the replica that leads.',
    labelNames: ['namespace', 'policy', 'provider'],
    registers,
  });
  return {
    keysFetched: (result) => fetches.inc({ result }),
    keysAge: (reports) => {
      fetched.reset();
      for (const { providers, keys } of reports) {
        for (const id of keys === null ? [] : providers) {
          const [namespace = '', policy = '', provider = ''] = id.split('/');
          fetched.set({ namespace, policy, provider }, (keys?.fetchedMs ?? 0) / 1000);
        }
      }
    },
  };
}

function addTelemetry(registry: Registry): Pick<Metrics, 'telemetryReported' | 'auditRefused'> {
  const reports = new Counter({
    name: `${prefix}telemetry_reports_total`,
    help: 'Reports of sidecars on requests and connections.',
    labelNames: ['result'],
    registers: [registry],
  });
  const refusals = new Counter({
    name: `${prefix}audit_refusals_total`,
    help: 'Requests that policies with enforcement Audit would have refused. Only of the replica that leads.',
    labelNames: ['namespace', 'policy'],
    registers: [registry],
  });
  return {
    telemetryReported: (result) => reports.inc({ result }),
    auditRefused: (id, requests) => {
      const [namespace = '', policy = ''] = id.split('/');
      refusals.inc({ namespace, policy }, requests);
    },
  };
}

/** p50, p99 and maximum since the scrape before. */
function addEventLoopDelay(registry: Registry, loop: EventLoopDelay): void {
  const delay = new Gauge({
    name: `${prefix}event_loop_delay_seconds`,
    help: 'Delay of the event loop since the scrape before.',
    labelNames: ['statistic'],
    registers: [registry],
    collect: () => {
      for (const [statistic, seconds] of Object.entries(loop.take())) delay.set({ statistic }, seconds);
    },
  });
}

/** `type.googleapis.com/envoy.config.route.v3.VirtualHost` → `VirtualHost`. */
function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
