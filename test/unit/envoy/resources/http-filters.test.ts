// One ordered list of filters for each direction: what routes say ends up under the right names, and every connection manager has
// every filter that a route may speak to. (Envoy ignores what is said to a filter that is not there: nothing would be enforced.)
import { describe, expect, test } from '@jest/globals';
import type { EnvoyMessage, EnvoyValue } from '../../../../operator/envoy/proto/envoy-message.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { buildResources } from '../../../../operator/envoy/resources/build.ts';
import {
  disabledFilters,
  filterClusters,
  hostConfig,
  type HttpFilter,
  routeConfig,
  withoutHostConfig,
} from '../../../../operator/envoy/resources/http-filters.ts';
import { inboundFilters } from '../../../../operator/envoy/resources/inbound/http-filters.ts';
import { outboundFilters } from '../../../../operator/envoy/resources/outbound/http-filters.ts';
import { goldenCases, goldenInput } from '../../../support/golden.ts';
import { readMeshCase } from '../../../support/mesh-yaml.ts';

interface Route {
  readonly limit: number;
}
const limits: HttpFilter<Route> = {
  filter: { name: 'limits' },
  forRoute: ({ limit }) => (limit === 0 ? null : { limit }),
  clusters: ({ limit }) => (limit === 0 ? [] : ['counter']),
};
interface Host {
  readonly rules: number;
}
const rules: HttpFilter<Route, Host> = {
  filter: { name: 'rules' },
  forHost: (host) => (host.rules === 0 ? null : { rules: host.rules }),
};
const filters: readonly HttpFilter<Route, Host>[] = [{ filter: { name: 'placeholder' } }, limits, rules];

describe('a list of filters', () => {
  test('stands in connection managers in its order, disabled', () => {
    expect(disabledFilters(filters)).toEqual([
      { name: 'placeholder', disabled: true },
      { name: 'limits', disabled: true },
      { name: 'rules', disabled: true },
    ]);
  });

  test('gives a route the configuration of the filters that it says something to, by their names', () => {
    expect(routeConfig(filters, { limit: 3 })).toEqual({
      typed_per_filter_config: { limits: { limit: 3 } },
    });
    expect(filterClusters(filters, { limit: 3 })).toEqual(['counter']);
  });

  test('gives a virtual host its configuration, which a route can pass by', () => {
    expect(hostConfig(filters, { rules: 2 })).toEqual({ typed_per_filter_config: { rules: { rules: 2 } } });
    expect(withoutHostConfig(filters, { rules: 2 })).toEqual({
      rules: { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true },
    });
    expect([hostConfig(filters, { rules: 0 }), withoutHostConfig(filters, { rules: 0 })]).toEqual([{}, {}]);
  });

  test('gives a route that says nothing no configuration', () => {
    expect(routeConfig(filters, { limit: 0 })).toEqual({});
    expect(filterClusters(filters, { limit: 0 })).toEqual([]);
  });
});

const directions = [
  { it: 'inbound', names: inboundFilters('9080').map(({ filter }) => filter.name) },
  { it: 'outbound', names: outboundFilters.map(({ filter }) => filter.name) },
];

test.each(directions)('no two $it filters have one name', ({ names }) => {
  expect(new Set(names).size).toBe(names.length);
});

const proxies = goldenCases('test/golden/xds').flatMap((name) => {
  const { ir } = readMeshCase(goldenInput('test/golden/xds', name));
  const { layers, views } = buildResources(ir, { trustBundle: 'roots' });
  return [...views].map(([workload, ids]) => {
    const view = ids.flatMap((id) => layers.get(id) ?? []);
    return { it: `${name}: ${workload}`, view };
  });
});

test.each(proxies)(
  'every filter that a route speaks to is in all connection managers that use it: $it',
  ({ view }) => {
    const spoken = new Map<string, ReadonlySet<string>>();
    for (const { typeUrl: type, name, message } of view) {
      // A virtual host belongs to the table that stands before its last slash.
      const table = type === typeUrl.virtualHost ? name.slice(0, name.lastIndexOf('/')) : name;
      const names = namesIn(message);
      spoken.set(table, new Set([...(spoken.get(table) ?? []), ...names]));
    }
    for (const { message } of view.filter((it) => it.typeUrl === typeUrl.listener)) {
      for (const manager of connectionManagers(message)) {
        const table = (manager['rds'] as EnvoyMessage | undefined)?.['route_config_name'] as string;
        const has = (manager['http_filters'] as readonly EnvoyMessage[]).map((filter) => filter['name']);
        expect(has).toEqual(expect.arrayContaining([...(spoken.get(table) ?? [])]));
      }
    }
  },
);

test.each(proxies)(
  'what listeners leave open is published, and nothing else is; while it is off, as what they have without: $it',
  ({ view }) => {
    const open = new Map(
      view
        .filter((it) => it.typeUrl === typeUrl.listener)
        .flatMap(({ message }) => objectsIn(message))
        .filter((it) => it['config_discovery'] !== undefined)
        .map(({ name, config_discovery: discovery }) => [
          name,
          { name, typed_config: (discovery as EnvoyMessage)['default_config'] },
        ]),
    );
    const published = view
      .filter((it) => it.typeUrl === typeUrl.extensionConfig)
      // Routes of TCP ports are for whoever has a listener for them: a binding, or an address that is redirected.
      .filter(({ name }) => open.has(name) || !name.endsWith('/routes'));

    expect(new Set(published.map(({ name }) => name))).toEqual(new Set(open.keys()));
    // Whether a port is inspected is said from the start.
    const off = published.filter(({ name }) => !name.endsWith('/tls_inspector'));
    for (const { name, message } of off) expect(message).toEqual(open.get(name));
  },
);

/** Of all filters that some `typed_per_filter_config` in it speaks to. */
function namesIn(value: EnvoyValue): readonly string[] {
  return objectsIn(value).flatMap(({ typed_per_filter_config: said }) =>
    said === undefined ? [] : Object.keys(said as EnvoyMessage),
  );
}

function connectionManagers(value: EnvoyValue): readonly EnvoyMessage[] {
  return objectsIn(value).filter((it) => Array.isArray(it['http_filters']));
}

function objectsIn(value: EnvoyValue): readonly EnvoyMessage[] {
  if (Array.isArray(value)) return value.flatMap((item: EnvoyValue) => objectsIn(item));
  if (typeof value !== 'object' || value === null) return [];
  const message = value as EnvoyMessage;
  return [message, ...Object.values(message).flatMap(objectsIn)];
}
