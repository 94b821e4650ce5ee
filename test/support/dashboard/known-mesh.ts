// A mesh of which all is known, and what its sidecars counted: for tests of views.
import { nothingIssued } from '../../../operator/certificates/issuer-ports.ts';
import type { Source } from '../../../operator/dashboard/views/source.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { type Observations, observationsOf } from '../../../operator/telemetry/observations.ts';
import { type Metric, noTags, type Point, type Tags } from '../../../operator/telemetry/point.ts';
import { TrafficStore } from '../../../operator/telemetry/store.ts';
import { durationBounds } from '../../../operator/values/sidecar-names.ts';
import type { ProxyReport } from '../../../operator/xds/session/proxy-report.ts';
import {
  sampleEndpoint,
  sampleIdentity,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../mesh-samples.ts';

export function counted(metric: Metric, tags: Partial<Tags>, count: number): Point {
  return { metric, tags: { ...noTags, ...tags }, count, buckets: null };
}

/** So many requests of the same duration, in milliseconds. */
export function measured(tags: Partial<Tags>, durationMs: number, count: number): Point {
  const buckets = Array.from({ length: durationBounds.length + 1 }, () => 0);
  const at = durationBounds.findIndex((bound) => durationMs <= bound);
  buckets[at === -1 ? durationBounds.length : at] = count;
  return { metric: 'inbound.duration', tags: { ...noTags, ...tags }, count, buckets };
}

/** `front` calls the Service `reviews` of two pods. `nightly` and `weekly` share a service account, and no Service names them. */
export function knownMesh(): MeshIr {
  const pod = (name: string, account: string): ReturnType<typeof sampleWorkload> =>
    sampleWorkload(name, { kind: 'Pod', key: `Pod/shop/${name}`, identity: sampleIdentity(account) });
  const endpoint = (name: string): ReturnType<typeof sampleEndpoint> =>
    sampleEndpoint(9080, { workload: `Pod/shop/${name}`, mtls: true });
  return sampleMesh({
    services: [
      sampleService('shop/front/80', { endpoints: [endpoint('front-1')] }),
      sampleService('shop/reviews/80', { endpoints: [endpoint('reviews-1'), endpoint('reviews-2')] }),
      sampleService('shop/reviews-canary/80', { endpoints: [endpoint('reviews-2')] }),
    ],
    workloads: [
      pod('front-1', 'front'),
      pod('nightly-1', 'jobs'),
      pod('reviews-1', 'reviews'),
      pod('reviews-2', 'reviews'),
      pod('weekly-1', 'jobs'),
    ],
  });
}

const wallMs = Date.parse('2026-03-01T12:00:00Z');
/** Of the clock of the store: three seconds into a slot. */
const monotonicMs = 603_000;

/** What front, the jobs and somebody outside did in the last complete minute, and more before and after it. */
export function knownTraffic(): TrafficStore {
  const store = new TrafficStore();
  const front = { source: spiffeId('front'), port: '9080' };
  const minute = [550_000, 560_000, 570_000, 580_000, 590_000];
  for (const at of minute) {
    store.add(
      'Pod/shop/reviews-1',
      [
        counted('inbound.requests', { ...front, code: '2xx' }, 90),
        counted('inbound.requests', { ...front, code: '5xx' }, 6),
        counted('inbound.requests', { ...front, code: '0', flags: 'DC' }, 4),
        measured(front, 15, 99),
        measured(front, 900, 1),
      ],
      at,
    );
    store.add('Pod/shop/reviews-2', [counted('inbound.requests', { ...front, code: '4xx' }, 20)], at);
  }
  const before = counted('inbound.requests', { ...front, code: '2xx' }, 5000);
  store.add('Pod/shop/reviews-2', [before], 535_000);
  store.add('Pod/shop/reviews-2', [before], 601_000);
  store.add(
    'Pod/shop/front-1',
    [
      counted('inbound.requests', { source: spiffeId('jobs'), port: '9080', code: '2xx' }, 12),
      counted('inbound.requests', { source: '10.9.9.9', port: '9080', code: '2xx' }, 12),
      counted('inbound.requests', { source: '10.9.9.1', port: '9080', code: '2xx', route: 'probe' }, 6),
      counted('inbound.connections', { source: '10.9.9.9', port: '6379' }, 6),
      counted(
        'outbound.hosts',
        { destination: 'api.example.org:443', port: '443', route: 'TLS passthrough' },
        30,
      ),
    ],
    570_000,
  );
  return store;
}

export function proxy(workload: string, parts: Partial<ProxyReport> = {}): ProxyReport {
  return {
    workload,
    nodeId: workload.replaceAll('/', '~'),
    connectedAtMs: 0,
    leftAtMs: null,
    since: null,
    layers: ['shared'],
    lagging: [],
    rejected: [],
    former: [],
    atRest: true,
    ...parts,
  };
}

export function knownObservations(traffic: TrafficStore): Observations {
  return observationsOf(traffic, { now: () => ({ monotonicMs, wallMs }), startMs: () => 0 });
}

export function knownSource(parts: Partial<Source> = {}): Source {
  const ir = knownMesh();
  return {
    ir,
    pods: [],
    owners: new Map(),
    verdicts: [],
    observations: knownObservations(knownTraffic()),
    objects: { meshes: [], trafficPolicies: [], securityPolicies: [] },
    proxies: ir.workloads.map(({ key }) => proxy(key)),
    snapshot: null,
    statuses: new Map(),
    certificates: nothingIssued,
    changes: [],
    nowMs: wallMs,
    ...parts,
  };
}
