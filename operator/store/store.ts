// The store: takes what a platform sees (ObjectSink) and hands on Resources, one value per settled batch. Its
// entry is createStore. State without I/O: time is passed in, and it calls nobody but `onSettled`.
import type { Clock } from '../process/clock.ts';
import type { ObjectSink } from '../ports/platform.ts';
import { type Collection, compareRefs, createCollection } from './collection.ts';
import { type ObjectRef, refKey, refOf, type StoredKind, type StoredObject } from '../objects/objects.ts';
import type { Rejection, Resources } from './resources.ts';
import { createSettle, defaultSettleOptions, type SettleOptions } from '../process/settle.ts';
import { compareText } from '../values/compare-text.ts';
import { isUrgent } from './urgency.ts';

export interface StoreOptions {
  /** Default: quiet 20 ms, at most 200 ms. */
  readonly settle?: SettleOptions;
  readonly clock: Clock;
  /**
   * Takes each settled batch, the first after `synced`. changes names what was added, changed, removed or rejected
   * since the batch before, sorted by kind, namespace, name. Must not throw.
   */
  readonly onSettled: (resources: Resources, changes: readonly ObjectRef[]) => void;
}

export interface Store extends ObjectSink {
  /** The last settled batch; undefined before the first. */
  current(): Resources | undefined;
  /** Ends it: nothing is handed on any more. */
  close(): void;
}

type Collections = { readonly [K in StoredKind]: Collection<Extract<StoredObject, { readonly kind: K }>> };

export function createStore(options: StoreOptions): Store {
  const collections = createCollections();
  const rejections = createRejections();
  const changes = new Map<string, ObjectRef>();
  let isSynced = false;
  let resources: Resources | undefined;

  const settle = createSettle(options.settle ?? defaultSettleOptions, options.clock, () => {
    const changed = [...changes.values()].toSorted(compareChanges);
    changes.clear();
    resources = build(collections, rejections, (resources?.generation ?? 0) + 1);
    options.onSettled(resources, changed);
  });
  const collection = (kind: StoredKind): Collection<StoredObject> => collections[kind];
  const changed = (ref: ObjectRef, urgent: boolean): void => {
    changes.set(refKey(ref), ref);
    if (!isSynced) return;
    if (urgent) settle.noteUrgent();
    else settle.note();
  };

  return {
    upsert(object) {
      const ref = refOf(object);
      const previous = collection(ref.kind).get(ref);
      const isNew = collection(ref.kind).set(object);
      const isMended = rejections.clear(ref);
      if (isNew || isMended) changed(ref, isUrgent(previous, object));
    },
    remove(ref) {
      const previous = collection(ref.kind).get(ref);
      const isGone = collection(ref.kind).delete(ref);
      const isMended = rejections.clear(ref);
      if (isGone || isMended) changed(ref, isUrgent(previous, undefined));
    },
    reject(ref, generation, problems, instead) {
      const refusal = { ref, generation, problems: [...problems], ...(instead !== undefined && { instead }) };
      if (rejections.note(refusal)) changed(ref, false);
    },
    synced() {
      if (isSynced) return;
      isSynced = true;
      settle.noteUrgent();
    },
    current: () => resources,
    close: () => settle.close(),
  };
}

type Refusal = Omit<Rejection, 'lastGoodInForce'>;

interface Rejections {
  note(refusal: Refusal): boolean;
  clear(ref: ObjectRef): boolean;
  /** The same array for as long as neither a refusal nor the presence of a last good version changes. */
  sorted(hasLastGood: (ref: ObjectRef) => boolean): readonly Rejection[];
}

function createRejections(): Rejections {
  const refusals = new Map<string, Refusal>();
  let cached: readonly Rejection[] = Object.freeze([]);
  let isDirty = false;
  return {
    note(refusal) {
      const key = refKey(refusal.ref);
      const previous = refusals.get(key);
      if (previous !== undefined && sameRefusal(previous, refusal)) return false;
      refusals.set(key, refusal);
      isDirty = true;
      return true;
    },
    clear(ref) {
      const isCleared = refusals.delete(refKey(ref));
      isDirty ||= isCleared;
      return isCleared;
    },
    sorted(hasLastGood) {
      if (isDirty) {
        const all = [...refusals.values()].toSorted((a, b) => compareChanges(a.ref, b.ref));
        cached = Object.freeze(
          all.map((refusal) => Object.freeze({ ...refusal, lastGoodInForce: hasLastGood(refusal.ref) })),
        );
        isDirty = false;
      }
      return cached;
    },
  };
}

function sameRefusal(a: Refusal, b: Refusal): boolean {
  return (
    a.generation === b.generation &&
    a.instead === b.instead &&
    a.problems.join('\n') === b.problems.join('\n')
  );
}

function compareChanges(a: ObjectRef, b: ObjectRef): number {
  return compareText(a.kind, b.kind) || compareRefs(a, b);
}

function createCollections(): Collections {
  return {
    Mesh: createCollection(),
    TrafficPolicy: createCollection(),
    SecurityPolicy: createCollection(),
    ExternalWorkload: createCollection(),
    Namespace: createCollection(),
    ServiceAccount: createCollection(),
    Service: createCollection(),
    EndpointSlice: createCollection(),
    Pod: createCollection(),
    Deployment: createCollection(),
    StatefulSet: createCollection(),
    DaemonSet: createCollection(),
    CronJob: createCollection(),
    ReferenceGrant: createCollection(),
    ConfigMap: createCollection(),
    Secret: createCollection(),
  };
}

function build(collections: Collections, rejections: Rejections, generation: number): Resources {
  const hasLastGood = (ref: ObjectRef): boolean =>
    (collections[ref.kind] as Collection<StoredObject>).get(ref) !== undefined;
  return Object.freeze({
    generation,
    meshes: collections.Mesh.sorted(),
    trafficPolicies: collections.TrafficPolicy.sorted(),
    securityPolicies: collections.SecurityPolicy.sorted(),
    externalWorkloads: collections.ExternalWorkload.sorted(),
    namespaces: collections.Namespace.sorted(),
    serviceAccounts: collections.ServiceAccount.sorted(),
    services: collections.Service.sorted(),
    endpointSlices: collections.EndpointSlice.sorted(),
    pods: collections.Pod.sorted(),
    deployments: collections.Deployment.sorted(),
    statefulSets: collections.StatefulSet.sorted(),
    daemonSets: collections.DaemonSet.sorted(),
    cronJobs: collections.CronJob.sorted(),
    referenceGrants: collections.ReferenceGrant.sorted(),
    configMaps: collections.ConfigMap.sorted(),
    secrets: collections.Secret.sorted(),
    rejections: rejections.sorted(hasLastGood),
  });
}
