// What guarded a pod guards it as long as it serves: worlds one after the other, and between them what the leader writes on pods.
import { describe, expect, test } from '@jest/globals';
import type { StoredObject } from '../../../../../operator/objects/objects.ts';
import type { WorkloadIr } from '../../../../../operator/ir/mesh-ir.ts';
import { translate, type Translation } from '../../../../../operator/translate/translate.ts';
import { guardedByKey } from '../../../../../operator/values/own-names.ts';
import { resourcesFromYaml, translateOptions } from '../../../../support/builders.ts';

type Json = Record<string, unknown>;
type Objects = Readonly<Record<string, Json>>;

const labels = { app: 'reviews' };
const pod = (name: string, uid = `uid-${name}`): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid, labels, annotations: { 'meshwright.dev/injected': '1' } },
  spec: { serviceAccountName: 'reviews', containers: [{ name: 'app', ports: [{ containerPort: 9080 }] }] },
  status: { phase: 'Running', podIP: '10.1.0.2' },
});
const policy = (kind: string): Json => ({
  kind: 'SecurityPolicy',
  metadata: { name: 'reviews', namespace: 'shop' },
  spec: {
    targetRefs: [{ kind, name: 'reviews' }],
    mtls: { mode: 'Strict' },
    authorization: {
      rules: [
        {
          name: 'readers',
          action: 'Allow',
          from: [{ namespaces: ['shop'] }],
          to: [{ methods: ['GET'], paths: [{ value: '/reviews' }] }],
        },
      ],
    },
  },
});
const deployment: Json = {
  kind: 'Deployment',
  metadata: { name: 'reviews', namespace: 'shop' },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
};
const service: Json = {
  kind: 'Service',
  metadata: { name: 'reviews', namespace: 'shop' },
  spec: {
    clusterIP: '10.96.0.11',
    selector: labels,
    ports: [
      { name: 'http', port: 80, targetPort: 9080 },
      { name: 'tcp', port: 5432 },
    ],
  },
};
const mesh: Json = { kind: 'Mesh', metadata: { name: 'default' }, spec: {} };

const shop = (kind: string): Objects => ({
  mesh,
  service,
  deployment,
  policy: policy(kind),
  pod: pod('reviews-1'),
});

function look(objects: Objects): Translation {
  const text = Object.values(objects).map((object) => JSON.stringify(object));
  return translate(resourcesFromYaml(text.join('\n---\n')), translateOptions);
}

/** The leader writes on pods what translation says. */
function written(objects: Objects): Objects {
  const { podRecords } = look(objects);
  return Object.fromEntries(
    Object.entries(objects).map(([key, object]) => {
      const { metadata } = object as unknown as StoredObject;
      const record = podRecords.find(({ uid }) => uid === metadata.uid);
      if (object['kind'] !== 'Pod' || record === undefined) return [key, object];
      const { [guardedByKey]: _old, ...others } = metadata.annotations ?? {};
      const annotations = { ...others, ...(record.value !== null && { [guardedByKey]: record.value }) };
      return [key, { ...object, metadata: { ...metadata, annotations } }];
    }),
  );
}

function without(objects: Objects, ...keys: readonly string[]): Objects {
  return Object.fromEntries(Object.entries(objects).filter(([key]) => !keys.includes(key)));
}

function changed(
  objects: Objects,
  key: string,
  { metadata = {}, spec = {} }: { readonly metadata?: Json; readonly spec?: Json },
): Objects {
  const object = objects[key] as { readonly metadata: Json; readonly spec: Json };
  return {
    ...objects,
    [key]: { ...object, metadata: { ...object.metadata, ...metadata }, spec: { ...object.spec, ...spec } },
  };
}

/** Ports and what guards them, without the objects that say so. */
function guards(objects: Objects): readonly unknown[] {
  const workloads = look(objects).ir?.workloads ?? [];
  return workloads.map(({ inbound, otherInbound }: WorkloadIr) => ({
    inbound: inbound.map(({ origins: _origins, ...port }) => port),
    otherInbound,
  }));
}

function accepted(objects: Objects): { readonly status?: string; readonly message?: string } {
  const verdict = look(objects).verdicts.find(({ origin }) => origin.kind === 'SecurityPolicy');
  return verdict?.conditions[0] ?? {};
}

const note = (kind: string): string =>
  `This policy still applies to pods that ${kind} shop/reviews no longer selects, until they terminate: shop/reviews-1.`;

describe.each(['Service', 'Deployment'])('a policy on a %s', (kind) => {
  const before = written(shop(kind));

  test('what is written on a pod is written once', () => {
    expect(look(shop(kind)).podRecords.map(({ uid }) => uid)).toEqual(['uid-reviews-1']);
    expect(look(before).podRecords).toEqual([]);
    expect(guards(before)).toEqual(guards(shop(kind)));
  });

  test.each([
    { it: 'its target is deleted', after: without(before, kind.toLowerCase()), exists: false },
    {
      it: 'Service and Deployment are deleted',
      after: without(before, 'service', 'deployment'),
      exists: false,
    },
    {
      it: 'the pod is relabelled',
      after: changed(before, 'pod', { metadata: { labels: { app: 'elsewhere' } } }),
      exists: true,
    },
    {
      it: 'the pod ends, and its target is gone',
      after: changed(without(before, 'service', 'deployment'), 'pod', {
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      }),
      exists: false,
    },
  ])('still guards a pod, all the same, when $it', ({ after, exists }) => {
    expect(guards(after)).toEqual(guards(before));
    expect(look(after).podRecords).toEqual([]);
    expect(accepted(after)).toMatchObject({
      status: exists ? 'True' : 'False',
      message: expect.stringContaining(note(kind)),
    });
  });

  test.each([
    { it: 'is deleted', after: without(before, 'policy', kind.toLowerCase()) },
    {
      it: 'no longer has the target',
      after: changed(without(before, kind.toLowerCase()), 'policy', {
        spec: { targetRefs: [{ kind, name: 'others' }] },
      }),
    },
  ])('guards nobody when it $it, and the pod forgets it', ({ after }) => {
    const forgotten = written(after);

    expect(JSON.stringify(guards(after))).not.toContain('Strict');
    expect(JSON.stringify(forgotten['pod'])).not.toContain(guardedByKey);
    expect(look(forgotten).podRecords).toEqual([]);
  });

  test('another pod, made after the target went, is not guarded', () => {
    const after = { ...without(before, kind.toLowerCase()), pod: pod('reviews-2') };

    expect(JSON.stringify(guards(after))).not.toContain('Strict');
    expect(accepted(after).message).not.toContain('still applies to pods');
  });
});

test('a Service that leads to another port leaves the one before it guarded', () => {
  const before = written(shop('Service'));
  const ports = [{ name: 'http', port: 80, targetPort: 9090 }];
  const after = changed(before, 'service', { spec: { ports } });

  const [workload] = look(after).ir?.workloads ?? [];
  expect(workload?.inbound.map(({ port, mtls }) => [port, mtls])).toEqual([
    [5432, 'Strict'],
    [9080, 'Strict'],
    [9090, 'Strict'],
  ]);
  expect(look(written(after)).podRecords).toEqual([]);
});

test.each([
  '',
  '{',
  '[]',
  '{"guards":[]}',
  '{"ports":{"0":"TCP"},"guards":[]}',
  '{"ports":{},"guards":[{"policy":1}]}',
])('an annotation that is not ours says nothing, and is written anew: %s', (text) => {
  const annotations = { 'meshwright.dev/injected': '1', [guardedByKey]: text };
  const objects = changed(shop('Service'), 'pod', { metadata: { annotations } });

  expect(guards(objects)).toEqual(guards(shop('Service')));
  expect(look(objects).podRecords).toEqual(look(shop('Service')).podRecords);
});

test('an annotation that names what no policy targets guards nothing', () => {
  const text =
    '{"ports":{"9080":"HTTP"},"guards":[{"policy":"reviews","kind":"Service","name":"ratings","ports":null}]}';
  const annotations = { 'meshwright.dev/injected': '1', [guardedByKey]: text };
  const objects = changed(without(shop('Service'), 'policy', 'service'), 'pod', {
    metadata: { annotations },
  });

  expect(JSON.stringify(guards(objects))).not.toContain('Strict');
  expect(look(objects).podRecords).toEqual([expect.objectContaining({ value: null })]);
});

test('what a later version wrote on a pod outlives a leader that does not know it, and what is known of it holds', () => {
  const before = written(shop('Deployment'));
  const record = JSON.parse(annotationOf(before)) as { ports: Json; guards: Json[] };
  const [known] = record.guards;
  const later = [
    { policy: 'reviews', kind: 'Gateway', name: 'front', listeners: ['https'] },
    { ...known, since: '2027' },
  ];
  const text = JSON.stringify({ ports: { ...record.ports, 9443: 'QUIC' }, guards: later });
  const { deployment: _gone, ...left } = withAnnotation(before, text);

  const after = written(left);

  expect(guardOf(left)).toBe('Strict');
  const kept = JSON.parse(annotationOf(after)) as typeof record;
  expect(kept.guards).toEqual(expect.arrayContaining([...later, known]));
  expect(written(after)).toEqual(after);
});

function annotationOf({ pod: object = {} }: Objects): string {
  return (object as unknown as StoredObject).metadata.annotations?.[guardedByKey] ?? '';
}

function withAnnotation(objects: Objects, text: string): Objects {
  const { metadata } = objects['pod'] as unknown as StoredObject;
  const annotations = { ...metadata.annotations, [guardedByKey]: text };
  return { ...objects, pod: { ...objects['pod'], metadata: { ...metadata, annotations } } };
}

function guardOf(objects: Objects): unknown {
  const workload = look(objects).ir?.workloads.find(({ name }) => name === 'reviews-1');
  return workload?.inbound.find(({ port }) => port === 9080)?.mtls;
}
