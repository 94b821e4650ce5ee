// Workloads with a sidecar that has not connected since the operators started: nobody knows what it runs. Pure.
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import { type Origin, originKey } from '../ir/origin.ts';
import type { LayerId } from '../envoy/resources/xds-resource.ts';
import type { Pod } from '../objects/objects.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { append } from '../values/labels.ts';
import { rememberLast } from '../values/remember.ts';
import type { Reference } from './references.ts';
import { LayerIndex } from './layer-index.ts';

export interface AbsentWorkload {
  /** `Pod/shop/reviews-v1-abc` */
  readonly workload: string;
  /** What its proxy is to have. */
  readonly layers: readonly LayerId[];
  /** Objects that shape what only this proxy is to have, which is not built for it. */
  readonly origins: readonly Origin[];
  /** Since when the operator that writes statuses has missed it. */
  readonly since: Date;
}

export interface Seen {
  readonly snapshot: Snapshot;
  /** What the snapshot is made from. */
  readonly workloads: readonly WorkloadIr[];
  readonly pods: readonly Pod[];
  readonly proxies: readonly ProxyReport[];
  /** Those that were absent when this was asked last. */
  readonly before: readonly AbsentWorkload[];
  readonly now: Date;
}

/** A pod whose sidecar has yet to start runs nothing: it will have everything before it takes traffic. */
export function absentWorkloads({
  snapshot,
  workloads,
  pods,
  proxies,
  before,
  now,
}: Seen): readonly AbsentWorkload[] {
  const expected = expectedOf(workloads, snapshot.views, pods);
  if (expected.length === 0) return [];
  const seen = new Set(proxies.map(({ workload }) => workload));
  const missing = expected.filter(({ key }) => !seen.has(key));
  if (missing.length === 0) return [];
  const missedSince = new Map(before.map(({ workload, since }) => [workload, since]));
  return missing.map(({ key, origins, inbound }) => ({
    workload: key,
    layers: snapshot.views.get(key) ?? [],
    origins: [...origins, ...inbound.flatMap((port) => port.origins)],
    since: missedSince.get(key) ?? now,
  }));
}

/** Whose sidecar runs, as far as anybody can see. Statuses are computed far more often than pods change. */
const expectedOf = rememberLast(
  (
    workloads: readonly WorkloadIr[],
    views: Snapshot['views'],
    pods: readonly Pod[],
  ): readonly WorkloadIr[] => {
    const started = new Set(pods.filter(hasStarted).map(({ metadata }) => podKey(metadata)));
    return workloads.filter(({ kind, key }) => views.has(key) && (kind !== 'Pod' || started.has(key)));
  },
);

/** Kubernetes says so once every sidecar of a pod has started, and ours starts when it has its configuration. */
function hasStarted({ status }: Pod): boolean {
  return status?.conditions?.some((it) => it.type === 'Initialized' && it.status === 'True') === true;
}

function podKey({ namespace = '', name }: Pod['metadata']): string {
  return `Pod/${namespace}/${name}`;
}

export class AbsentIndex {
  readonly all: readonly AbsentWorkload[];
  readonly #byLayer: LayerIndex<AbsentWorkload>;
  readonly #byObject = new Map<string, AbsentWorkload[]>();

  constructor(absent: readonly AbsentWorkload[]) {
    this.all = absent;
    this.#byLayer = new LayerIndex(absent);
    for (const workload of absent) {
      for (const key of new Set(workload.origins.map(originKey))) append(this.#byObject, key, workload);
    }
  }

  /** Those that an object concerns. */
  concernedBy(key: string, reference: Reference | undefined): ReadonlySet<AbsentWorkload> {
    if (this.all.length === 0) return nobody;
    return new Set([...this.#byLayer.having(reference?.layers ?? []), ...(this.#byObject.get(key) ?? [])]);
  }
}

const nobody: ReadonlySet<AbsentWorkload> = new Set();
