import { describe, expect, it } from '@jest/globals';
import type { EndpointSlice, ObjectRef, StoredObject } from '../../../operator/objects/objects.ts';
import type { Resources } from '../../../operator/store/resources.ts';
import { createStore, type Store } from '../../../operator/store/store.ts';
import { meshedPod, service, slice, storedObject } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Bench {
  readonly store: Store;
  readonly batches: readonly { readonly resources: Resources; readonly changes: readonly ObjectRef[] }[];
  readonly advance: (ms: number) => void;
}

function bench(...objects: readonly StoredObject[]): Bench {
  const clock = new FakeClock();
  const batches: { resources: Resources; changes: readonly ObjectRef[] }[] = [];
  const store = createStore({
    clock,
    onSettled: (resources, changes) => batches.push({ resources, changes }),
  });
  for (const object of objects) store.upsert(object);
  return { store, batches, advance: (ms) => clock.advance(ms) };
}

/** Synced and quiet: the next change is the first after quiet. */
function quietBench(...objects: readonly StoredObject[]): Bench {
  const made = bench(...objects);
  made.store.synced();
  made.advance(100);
  return made;
}

function policy(metadata: object = {}, status?: object): StoredObject {
  return storedObject({
    kind: 'TrafficPolicy',
    metadata: { name: 'reviews', namespace: 'shop', generation: 1, ...metadata },
    spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], subsets: [], routes: [] },
    ...(status && { status }),
  });
}

const policyRef: ObjectRef = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' };
const reviews = service('reviews');
const pod = meshedPod('reviews-1', 'reviews', '10.0.0.1');

describe('store', () => {
  it('hands on nothing before everything has been listed, then all of it at once', () => {
    const { store, batches, advance } = bench(service('b'), service('a'), pod);

    advance(1000);
    expect(batches).toEqual([]);
    expect(store.current()).toBeUndefined();
    store.synced();
    advance(0);

    expect(batches.map(({ resources }) => resources.generation)).toEqual([1]);
    expect(batches[0]?.resources.services.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(batches[0]?.changes).toEqual([
      { kind: 'Pod', namespace: 'shop', name: 'reviews-1' },
      { kind: 'Service', namespace: 'shop', name: 'a' },
      { kind: 'Service', namespace: 'shop', name: 'b' },
    ]);
  });

  it('hands on an empty world too: it is what was listed', () => {
    const { batches } = quietBench();

    expect(batches).toHaveLength(1);
  });

  it('freezes what it hands on', () => {
    const { batches } = quietBench(reviews);
    const resources = batches[0]?.resources;

    expect(Object.isFrozen(resources)).toBe(true);
    expect(Object.isFrozen(resources?.services)).toBe(true);
    expect(Object.isFrozen(resources?.services[0]?.spec.ports?.[0])).toBe(true);
  });

  it('keeps the arrays of unchanged kinds, and unchanged objects, the same values', () => {
    const { store, batches, advance } = quietBench(reviews, service('ratings'), pod);

    store.upsert(service('ratings', { clusterIP: '10.96.0.99' }));
    advance(0);

    const [before, after] = batches.map(({ resources }) => resources);
    expect(after?.generation).toBe(2);
    expect(after?.pods).toBe(before?.pods);
    expect(after?.meshes).toBe(before?.meshes);
    expect(after?.rejections).toBe(before?.rejections);
    expect(after?.services).not.toBe(before?.services);
    expect(after?.services[1]).toBe(before?.services[1]);
  });
});

describe('store, what is a change', () => {
  it.each([
    ['the same resourceVersion', { resourceVersion: '7' }, { resourceVersion: '7' }],
    ['equal content', { resourceVersion: '7' }, { resourceVersion: '8' }],
    ['equal content of a platform without versions', {}, {}],
  ])('drops an upsert with %s', (_case, before, after) => {
    const { store, batches, advance } = quietBench({
      ...reviews,
      metadata: { ...reviews.metadata, ...before },
    });

    store.upsert(structuredClone({ ...reviews, metadata: { ...reviews.metadata, ...after } }));
    advance(1000);

    expect(batches).toHaveLength(1);
  });

  it('drops a change of nothing but our own status, which it would answer with the next one', () => {
    const { store, batches, advance } = quietBench(policy({ resourceVersion: '1' }));

    store.upsert(policy({ resourceVersion: '2' }, { conditions: [] }));
    advance(1000);

    expect(batches).toHaveLength(1);
  });

  it('takes the status of a Pod for content', () => {
    const { store, batches, advance } = quietBench(pod);

    store.upsert({ ...pod, status: { ...pod.status, podIP: '10.0.0.9' } });
    advance(0);

    expect(batches[1]?.resources.pods[0]?.status?.podIP).toBe('10.0.0.9');
  });

  it('forgets what is removed, and ignores the removal of what it never had', () => {
    const { store, batches, advance } = quietBench(reviews);

    store.remove({ kind: 'Service', namespace: 'shop', name: 'nobody' });
    advance(1000);
    expect(batches).toHaveLength(1);
    store.remove({ kind: 'Service', namespace: 'shop', name: 'reviews' });
    advance(0);

    expect(batches[1]?.resources.services).toEqual([]);
  });
});

describe('store, rejections', () => {
  it('keeps the last good version of an object whose new version is rejected', () => {
    const { store, batches, advance } = quietBench(policy());

    store.reject(policyRef, 2, ['spec.routes: too many.']);
    advance(0);

    expect(batches[1]?.resources.trafficPolicies).toEqual([policy()]);
    expect(batches[1]?.resources.rejections).toEqual([
      { ref: policyRef, generation: 2, problems: ['spec.routes: too many.'], lastGoodInForce: true },
    ]);
  });

  it('says when no valid version was ever there', () => {
    const { store, batches, advance } = bench();

    store.reject(policyRef, 1, ['spec: missing.']);
    store.synced();
    advance(0);

    expect(batches[0]?.resources.trafficPolicies).toEqual([]);
    expect(batches[0]?.resources.rejections).toEqual([
      { ref: policyRef, generation: 1, problems: ['spec: missing.'], lastGoodInForce: false },
    ]);
  });

  it('does not repeat itself when the same version is rejected again', () => {
    const { store, batches, advance } = quietBench();

    store.reject(policyRef, 1, ['spec: missing.']);
    advance(100);
    store.reject(policyRef, 1, ['spec: missing.']);
    advance(100);

    expect(batches).toHaveLength(2);
    expect(batches[1]?.resources.rejections).toEqual([
      { ref: policyRef, generation: 1, problems: ['spec: missing.'], lastGoodInForce: false },
    ]);
  });

  it.each([
    ['a valid version, even one equal to the last good one', (store: Store): void => store.upsert(policy())],
    ['its removal', (store: Store): void => store.remove(policyRef)],
  ])('ends a rejection with %s', (_case, mend) => {
    const { store, batches, advance } = quietBench(policy());
    store.reject(policyRef, 2, ['spec: missing.']);
    advance(100);

    mend(store);
    advance(0);

    expect(batches[2]?.resources.rejections).toEqual([]);
  });
});

describe('store, urgency', () => {
  const endpoints = slice('reviews', pod, meshedPod('reviews-2', 'reviews', '10.0.0.2'));
  const leaving = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const notReady: EndpointSlice = {
    ...endpoints,
    endpoints: endpoints.endpoints.map((endpoint) => ({ ...endpoint, conditions: { ready: false } })),
  };
  const shorter: EndpointSlice = { ...endpoints, endpoints: endpoints.endpoints.slice(1) };
  const longer: EndpointSlice = {
    ...endpoints,
    endpoints: [...endpoints.endpoints, { addresses: ['10.0.0.3'] }],
  };

  /** Whether a change in the middle of a burst goes out before the burst ends. */
  function goesOutAtOnce(change: (store: Store) => void): boolean {
    const { store, batches, advance } = quietBench(reviews, endpoints, pod);
    store.upsert(service('burst'));
    advance(0);
    change(store);
    advance(0);
    return batches.length === 3;
  }

  it.each<[string, StoredObject]>([
    ['a Pod that gets a deletionTimestamp', leaving],
    ['a slice that loses an endpoint', shorter],
    ['an endpoint that is no longer ready', notReady],
  ])('does not gather %s', (_case, object) => {
    expect(goesOutAtOnce((store) => store.upsert(object))).toBe(true);
  });

  it.each<[string, ObjectRef]>([
    ['a Pod', { kind: 'Pod', namespace: 'shop', name: 'reviews-1' }],
    ['an EndpointSlice', { kind: 'EndpointSlice', namespace: 'shop', name: 'reviews-1' }],
  ])('does not gather the removal of %s', (_case, ref) => {
    expect(goesOutAtOnce((store) => store.remove(ref))).toBe(true);
  });

  it('gathers an endpoint that is added', () => {
    expect(goesOutAtOnce((store) => store.upsert(longer))).toBe(false);
  });
});
