import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { EndpointsRefIr, RouteListIr } from '../../../operator/ir/route.ts';
import { seenBy, type ServicePortIr } from '../../../operator/ir/service.ts';
import type { Resources } from '../../../operator/store/resources.ts';
import { translate, type Translation } from '../../../operator/translate/translate.ts';
import { createTranslator } from '../../../operator/translate/translator.ts';
import { world } from '../../support/arbitrary-world.ts';
import { translateOptions } from '../../support/builders.ts';
import { runs } from '../../support/runs.ts';

const lists = [
  'meshes',
  'trafficPolicies',
  'securityPolicies',
  'externalWorkloads',
  'namespaces',
  'serviceAccounts',
  'services',
  'endpointSlices',
  'pods',
  'deployments',
  'referenceGrants',
  'rejections',
] as const;

function reordered(
  resources: Resources,
  reorder: (items: readonly unknown[]) => readonly unknown[],
): Resources {
  return { ...resources, ...Object.fromEntries(lists.map((list) => [list, reorder(resources[list])])) };
}

describe('the worlds drawn', () => {
  it('have policies in force, or the other properties would say little', () => {
    const worlds = fc.sample(world, { numRuns: 100, seed: 1 });

    const shaped = worlds.flatMap((resources) => {
      const { services = [], workloads = [] } = translate(resources, translateOptions).ir ?? {};
      const items = [...services, ...workloads.flatMap(({ inbound }) => inbound)];
      return [new Set(items.flatMap(({ origins }) => origins.map(({ kind }) => kind)))];
    });

    expect(shaped.filter((kinds) => kinds.has('TrafficPolicy')).length).toBeGreaterThan(5);
    expect(shaped.filter((kinds) => kinds.has('SecurityPolicy')).length).toBeGreaterThan(5);
  });
});

describe('translate, for any schema-valid world', () => {
  // Drawing a world takes longer than translating it: each is asked for all of these.
  const promises: Readonly<Record<string, (drawn: Drawn) => void>> = {
    'does not depend on the order of its inputs': ({ resources, translation, turn }) => {
      const rotated = reordered(resources, (items) => [...items.slice(turn), ...items.slice(0, turn)]);
      const reversed = reordered(resources, (items) => items.toReversed());

      const expected = JSON.stringify(translation);

      expect(JSON.stringify(translate(rotated, translateOptions))).toBe(expected);
      expect(JSON.stringify(translate(reversed, translateOptions))).toBe(expected);
    },
    'keeps the identity of what did not change': ({ resources }) => {
      const remembering = createTranslator(translateOptions);
      const first = remembering(resources).ir;

      const again = remembering({ ...resources, generation: 2, pods: [...resources.pods] }).ir;

      expect(again?.services.every((service, index) => service === first?.services[index])).toBe(
        first === null ? undefined : true,
      );
    },
    'keeps the promises of the IR': ({ translation }) => keepsPromises(translation.ir?.services ?? []),
  };

  it(`never throws, gives a verdict on every object a user wrote, ${Object.keys(promises).join(', ')}`, () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 7 }), (resources, turn) => {
        const drawn = { resources, turn, translation: translate(resources, translateOptions) };
        const { meshes, trafficPolicies, securityPolicies, externalWorkloads } = resources;
        const written = [meshes, trafficPolicies, securityPolicies, externalWorkloads];

        expect(drawn.translation.verdicts).toHaveLength(written.flat().length);
        for (const [promise, check] of Object.entries(promises)) kept(promise, () => check(drawn));
      }),
      runs(100),
    );
  });

  it('remembers without ever saying anything else', () => {
    const mix = fc.array(
      fc.record({
        lists: fc.uniqueArray(fc.constantFrom(...lists)),
        dropped: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 2, maxLength: 6 },
    );
    fc.assert(
      fc.property(world, world, mix, (one, other, steps) => {
        const remembering = createTranslator(translateOptions);
        for (const { lists: taken, dropped } of steps) {
          const from = Object.fromEntries(taken.map((list) => [list, other[list].slice(dropped)]));
          const resources: Resources = { ...one, ...from };

          expect(JSON.stringify(remembering(resources))).toBe(
            JSON.stringify(translate(resources, translateOptions)),
          );
        }
      }),
      runs(100),
    );
  });
});

interface Drawn {
  readonly resources: Resources;
  readonly translation: Translation;
  readonly turn: number;
}

/** @throws what `check` throws, and says which promise that is */
function kept(promise: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error(`not so: translate ${promise}`, { cause: error });
  }
}

function keepsPromises(services: readonly ServicePortIr[]): void {
  const claimed = services.flatMap(({ addresses: own, port }) => own.map((address) => `${address}:${port}`));

  expect(new Set(claimed).size).toBe(claimed.length);
  expect(new Set(services.map(({ key }) => key)).size).toBe(services.length);
  // As each kind of callers sees them: what routes of a service lead to is there for its callers.
  const audiences = new Set(services.flatMap((service) => audiencesOf(service)));
  for (const audience of [null, ...audiences]) {
    const seen = services.map((service) => seenBy(service, audience));
    const declared = new Map(
      seen.map(({ key, subsets }) => [key, new Set([null, ...subsets.map(({ name }) => name)])]),
    );
    for (const { key, protocol } of services) {
      const list = routesFor(services, key, audience);
      expect(list.at(-1)?.matches).toBe(protocol === 'HTTP' ? 'any' : undefined);
      expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
      const used = list.flatMap(({ action }) =>
        action.type === 'Forward' ? [...action.backends, ...action.mirrors] : [],
      );
      expect(used.filter((backend) => 'weight' in backend && backend.weight < 1)).toEqual([]);
      const isMissing = (backend: object): boolean =>
        isReference(backend) && declared.get(backend.service)?.has(backend.subset) !== true;
      expect(used.filter(isMissing)).toEqual([]);
    }
  }
}

function audiencesOf({ routes, consumers }: ServicePortIr): readonly string[] {
  return [...routes.byAudience, ...consumers].map(({ audience }) => audience);
}

function routesFor(services: readonly ServicePortIr[], key: string, audience: string | null): RouteListIr {
  const routes = services.find((service) => service.key === key)?.routes;
  return routes?.byAudience.find((one) => one.audience === audience)?.routes ?? routes?.default ?? [];
}

function isReference(backend: object): backend is EndpointsRefIr {
  return 'service' in backend;
}
