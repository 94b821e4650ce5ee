// Routes that are not the same for all callers: who sees which, and what it costs the others.
import { describe, expect, test } from '@jest/globals';
import { checkMessage } from '../../../../operator/envoy/checks/check-message.ts';
import { encodeAny } from '../../../../operator/envoy/proto/registry.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { buildResources } from '../../../../operator/envoy/resources/build.ts';
import type { XdsResource } from '../../../../operator/envoy/resources/xds-resource.ts';
import type { MeshIr } from '../../../../operator/ir/mesh-ir.ts';
import type { ServicePortIr } from '../../../../operator/ir/service.ts';
import { changedNames, stackOf, viewOf } from '../../../../operator/xds/session/view.ts';
import { buildSnapshot } from '../../../../operator/xds/snapshot/snapshot.ts';
import { sampleMesh, sampleRoute, sampleService, sampleWorkload } from '../../../support/mesh-samples.ts';

const trustBundle = 'roots';
const tools = { encodeAny, check: checkMessage };

const workloads = [
  sampleWorkload('productpage', { intercepted: true }),
  sampleWorkload('tester', { intercepted: true, audience: 'namespace/qa' }),
  sampleWorkload('loner', { audience: 'namespace/qa' }),
];
const ratings = sampleService('shop/ratings/9080');
const reviews = sampleService('shop/reviews/9080');
const contested = sampleService('shop/reviews/9080', {
  byAudience: [{ audience: 'namespace/qa', routes: [sampleRoute('qa', { timeoutMs: 5_000 })] }],
});

function meshOf(...services: readonly ServicePortIr[]): MeshIr {
  return sampleMesh({ services, workloads });
}

/** Workload → service → the names of its routes, as the workload's proxy sees them. */
function routesSeen(ir: MeshIr): Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> {
  const { layers, views } = buildResources(ir, { trustBundle });
  const seen = [...views].map(([workload, view]) => {
    const hosts = view.flatMap((id) => layers.get(id) ?? []).filter(isVirtualHost);
    return [workload, Object.fromEntries(hosts.map((host) => [host.name, routeNames(host)]))] as const;
  });
  return Object.fromEntries(seen);
}

function isVirtualHost(resource: XdsResource): boolean {
  return resource.typeUrl === typeUrl.virtualHost;
}

/** Each once: a route with a timeout is two of Envoy's. */
function routeNames({ message }: XdsResource): readonly string[] {
  const names = (message['routes'] as readonly { readonly name: string }[]).map(({ name }) => name);
  return [...new Set(names)];
}

describe('routes by audience', () => {
  test('a proxy sees each virtual host once: that of its audience, or that of everybody', () => {
    expect(routesSeen(meshOf(ratings, contested))).toEqual({
      'ExternalWorkload/shop/productpage': {
        'outbound/ratings.shop:9080': ['default'],
        'outbound/reviews.shop:9080': ['default'],
      },
      'ExternalWorkload/shop/tester': {
        'outbound/ratings.shop:9080': ['default'],
        'outbound/reviews.shop:9080': ['qa'],
      },
      // It calls nobody.
      'ExternalWorkload/shop/loner': {},
    });
  });

  test('without a contested service there is no layer more', () => {
    const { layers, views } = buildResources(meshOf(ratings, reviews), { trustBundle });

    expect([...layers.keys()].filter((id) => id.startsWith('routes/'))).toEqual([]);
    expect(views.get('ExternalWorkload/shop/tester')).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^routes\//)]),
    );
  });

  test('costs a virtual host for each contested service and audience', () => {
    const { layers } = buildResources(meshOf(ratings, contested), { trustBundle });
    const counts = [...layers].map(([id, list]) => [id, list.filter(isVirtualHost).length] as const);

    expect(Object.fromEntries(counts.filter(([, count]) => count > 0))).toEqual({
      routes: 1,
      'routes/default': 1,
      'routes/namespace/qa': 1,
    });
  });

  test('a service that becomes contested changes nothing for callers whose routes stay', () => {
    const before = buildSnapshot(null, buildResources(meshOf(ratings, reviews), { trustBundle }), tools);
    const after = buildSnapshot(before, buildResources(meshOf(ratings, contested), { trustBundle }), tools);
    const changedFor = (workload: string): readonly string[] => {
      const [from, to] = [before, after].map((snapshot) =>
        stackOf(viewOf(snapshot, snapshot.views.get(workload) ?? []), typeUrl.virtualHost),
      );
      return changedNames(from ?? [], to ?? []);
    };

    expect(changedFor('ExternalWorkload/shop/productpage')).toEqual([]);
    expect(changedFor('ExternalWorkload/shop/tester')).toEqual(['outbound/reviews.shop:9080']);
  });
});
