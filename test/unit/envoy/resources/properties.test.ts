// What holds for every mesh: the same resources whatever the order of its parts, and one owner of each thing.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { MeshIr } from '../../../../operator/ir/mesh-ir.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { buildResources, createResourceBuilder } from '../../../../operator/envoy/resources/build.ts';
import { goldenCases, goldenInput } from '../../../support/golden.ts';
import { readMeshCase } from '../../../support/mesh-yaml.ts';

const folder = 'test/golden/xds';
const trustBundle = 'roots';
const meshes = goldenCases(folder).map((name) => readMeshCase(goldenInput(folder, name)).ir);
/** All cases in one mesh; of services and workloads that several have, the first. */
const whole: MeshIr = {
  settings: meshes[0]?.settings ?? fail(),
  identities: [],
  services: firstByKey(meshes.flatMap(({ services }) => services)),
  workloads: firstByKey(meshes.flatMap(({ workloads }) => workloads)),
};

function fail(): never {
  throw new Error('there are no golden cases');
}

function firstByKey<T extends { readonly key: string }>(values: readonly T[]): readonly T[] {
  const byKey = new Map(values.toReversed().map((value) => [value.key, value]));
  return [...byKey.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

describe('buildResources', () => {
  test('gives the same resources whatever the order of workloads and of equal maps', () => {
    const expected = buildResources(whole, { trustBundle });
    const shuffled = fc.shuffledSubarray([...whole.workloads], { minLength: whole.workloads.length });

    fc.assert(
      fc.property(shuffled, (workloads) => {
        expect(buildResources({ ...whole, workloads }, { trustBundle })).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test('gives every proxy the same bytes in the layers that they share', () => {
    const { layers } = buildResources(whole, { trustBundle });
    const others = buildResources({ ...whole, workloads: whole.workloads.slice(0, 1) }, { trustBundle });

    expect(others.layers.get('shared')).toEqual(layers.get('shared'));
    expect(others.layers.get('intercepted')).toEqual(layers.get('intercepted'));
  });

  test('names a resource once in each view, with its origins', () => {
    const { layers, views } = buildResources(whole, { trustBundle });

    for (const view of views.values()) {
      const resources = view.flatMap((layer) => layers.get(layer) ?? []);
      const names = resources.map((resource) => `${resource.typeUrl} ${resource.name}`);
      expect(new Set(names).size).toBe(names.length);
      expect(resources.filter(({ origins }) => origins.length === 0)).toEqual([]);
    }
  });

  test('refers only to clusters that the view has', () => {
    const { layers } = buildResources(whole, { trustBundle });
    const shared = layers.get('shared') ?? [];
    const clusters = new Set(shared.filter((it) => it.typeUrl === typeUrl.cluster).map(({ name }) => name));
    const hosts = [...layers.values()].flat().filter((it) => it.typeUrl === typeUrl.virtualHost);
    const wanted = hosts.flatMap((host) => host.clusters);

    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter((name) => !clusters.has(name))).toEqual([]);
  });

  test('gives the same objects for what did not change', () => {
    const build = createResourceBuilder();
    const { layers } = build(whole, { trustBundle });
    // Another operator of the process, with another mesh.
    createResourceBuilder()({ ...whole, services: [], workloads: [] }, { trustBundle: 'another root' });

    const again = build({ ...whole, services: [...whole.services] }, { trustBundle });

    const all = [...again.layers].flatMap(([id, resources]) =>
      resources.map((it, index) => it === layers.get(id)?.[index]),
    );
    expect(all).not.toContain(false);
  });
});
