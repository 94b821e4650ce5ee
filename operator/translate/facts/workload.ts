// Workloads: pods and ExternalWorkloads alike, as the rest of translation looks at them.
import type { ExternalWorkload } from '../../../api/v1alpha1/external-workload.ts';
import { operatorServiceAccount } from '../../../api/v1alpha1/common.ts';
import type { IdentityIr } from '../../ir/mesh-ir.ts';
import type { Origin } from '../../ir/origin.ts';
import type { Pod, ServicePort } from '../../objects/objects.ts';
import { createLabelIndexer, type LabelIndex, type Labels } from '../../values/labels.ts';
import { originOf } from './origins.ts';
import { rememberEach, rememberLast } from '../../values/remember.ts';
import type { AddressConflicts } from './address-owners.ts';
import { type GuardRecord, readGuardRecord } from './guard-record.ts';
import { defaultServiceAccount, identityOf } from './identity.ts';
import { podAddresses, runsOnItsOwnAddress } from './pod-address.ts';
import { workloadKey } from '../../values/node-id.ts';
import { guardedByKey, injectedKey } from '../../values/own-names.ts';

/** On a pod that was made with a sidecar: without it a pod is not in the mesh, whatever its namespace says. */

export interface Workload {
  /** `Pod/shop/reviews-v1-abc` */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** The primary one first. */
  readonly addresses: readonly string[];
  /** The identity its sidecar bears; null: it has no sidecar. */
  readonly meshed: IdentityIr | null;
  /** Not finished, and with a network of its own: it can have a sidecar. */
  readonly isRunnable: boolean;
  readonly isTerminating: boolean;
  /** What guarded it so far; null: nothing that is known. */
  readonly guardRecord: GuardRecord | null;
  readonly origin: Origin;
  readonly source: Pod | ExternalWorkload;
}

export interface WorkloadIndex {
  readonly all: readonly Workload[];
  readonly byKey: ReadonlyMap<string, Workload>;
  /** Of pods with a network of their own; where two have the same address for a moment, the first by key. */
  readonly byAddress: ReadonlyMap<string, Workload>;
  readonly byLabels: LabelIndex<Workload>;
}

export type WorkloadIndexer = (
  trustDomain: string,
  pods: readonly Pod[],
  external: readonly ExternalWorkload[],
  conflicts: AddressConflicts,
) => WorkloadIndex;

function isAway({ metadata }: ExternalWorkload, conflicts: AddressConflicts): boolean {
  return conflicts[`${metadata.namespace ?? ''}/${metadata.name}`] !== undefined;
}

/** The Workload of an object that did not change is the same as in the batch before. */
export function createWorkloadIndexer(): WorkloadIndexer {
  const pod = rememberEach(fromPod);
  const externalWorkload = rememberEach(fromExternal);
  const elsewhere = rememberEach(withoutAddress);
  const labelled = createLabelIndexer<Workload>();
  const index = (all: readonly Workload[]): WorkloadIndex => {
    return {
      all,
      byKey: new Map(all.map((workload) => [workload.key, workload])),
      byAddress: podsByAddress(all),
      byLabels: labelled(all),
    };
  };
  return rememberLast((trustDomain, pods, external, conflicts) =>
    index([
      ...pods.map((object) => pod(object, trustDomain)),
      ...external.map((object) =>
        isAway(object, conflicts) ? elsewhere(object, trustDomain) : externalWorkload(object, trustDomain),
      ),
    ]),
  );
}

function podsByAddress(all: readonly Workload[]): ReadonlyMap<string, Workload> {
  const found = new Map<string, Workload>();
  for (const workload of all) {
    if (workload.source.kind !== 'Pod' || !workload.isRunnable) continue;
    for (const address of workload.addresses) {
      const other = found.get(address);
      if (other === undefined || workload.key < other.key) found.set(address, workload);
    }
  }
  return found;
}

/** Replicas come one after the other: they have one identity. */
const sharedIdentity = rememberLast(identityOf);

function fromPod(pod: Pod, trustDomain: string): Workload {
  const { serviceAccountName = defaultServiceAccount } = pod.spec;
  const addresses = podAddresses(pod);
  const isRunnable = runsOnItsOwnAddress(pod);
  const isInjected = pod.metadata.annotations?.[injectedKey] !== undefined;
  const isMeshed = isRunnable && isInjected && addresses.length > 0;
  return {
    ...described(pod),
    addresses,
    meshed: isMeshed ? sharedIdentity(trustDomain, pod.metadata.namespace ?? '', serviceAccountName) : null,
    isRunnable,
  };
}

function fromExternal(object: ExternalWorkload, trustDomain: string): Workload {
  const { serviceAccount, address } = object.spec;
  const namespace = object.metadata.namespace ?? '';
  return {
    ...described(object),
    addresses: [address],
    meshed:
      serviceAccount === undefined || serviceAccount === operatorServiceAccount
        ? null
        : identityOf(trustDomain, namespace, serviceAccount),
    isRunnable: true,
  };
}

/** The address that it claims is somebody else's: it is no endpoint there. */
function withoutAddress(object: ExternalWorkload, trustDomain: string): Workload {
  return { ...fromExternal(object, trustDomain), addresses: [] };
}

function described(source: Pod | ExternalWorkload): Omit<Workload, 'addresses' | 'meshed' | 'isRunnable'> {
  const { namespace = '', name, labels = {}, deletionTimestamp, annotations } = source.metadata;
  return {
    key: workloadKey({ kind: source.kind, namespace, name }),
    namespace,
    name,
    labels,
    isTerminating: deletionTimestamp !== undefined,
    guardRecord: source.kind === 'Pod' ? readGuardRecord(annotations?.[guardedByKey]) : null,
    origin: originOf(source),
    source,
  };
}

/** The port of the workload behind a service port; undefined if it has none of that name (or, external, that number). */
export function targetPortOf(workload: Workload, servicePort: ServicePort): number | undefined {
  const target = servicePort.targetPort ?? servicePort.port;
  const { source } = workload;
  if (source.kind === 'ExternalWorkload') {
    return source.spec.ports.find((port) => port.port === target || port.name === target)?.port;
  }
  if (typeof target === 'number') return target;
  const ports = source.spec.containers.flatMap((container) => container.ports ?? []);
  return ports.find((port) => port.name === target && (port.protocol ?? 'TCP') === 'TCP')?.containerPort;
}
