// A bootstrap that holds everything a workload's proxy would get over ADS, for tests of what Envoy does with our
// resources where no server is wanted: endpoints, routes, virtual hosts and the trust bundle are put in their places.
import { typeUrl, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { layeredRuntime } from '../../../operator/infra/bootstrap.ts';
import { formatNodeId } from '../../../operator/values/node-id.ts';
import type { EnvoyMessage, EnvoyValue } from '../../../operator/envoy/proto/envoy-message.ts';
import type { XdsResource, XdsResources } from '../../../operator/envoy/resources/xds-resource.ts';

/** @param ports ports that our resources name → ports to listen on instead */
export function staticBootstrap(resources: XdsResources, workload: string, ports: Ports): EnvoyMessage {
  const [kind = '', namespace = '', name = ''] = workload.split('/');
  const view = viewOf(resources, workload);
  return {
    node: { id: formatNodeId({ kind, namespace, name, uid: '' }), cluster: 'default' },
    layered_runtime: { layers: [...layeredRuntime.layers, ...runtimeLayers(view)] },
    static_resources: staticResources(view, ports),
  };
}

function runtimeLayers(view: readonly XdsResource[]): readonly EnvoyMessage[] {
  return view
    .filter((resource) => resource.typeUrl === typeUrl.runtime)
    .map(({ name, message }) => ({ name, static_layer: message['layer'] ?? {} }));
}

export function viewOf(resources: XdsResources, workload: string): readonly XdsResource[] {
  const layers = resources.views.get(workload) ?? [];
  return layers.flatMap((layer) => resources.layers.get(layer) ?? []);
}

function staticResources(view: readonly XdsResource[], ports: Ports): EnvoyMessage {
  const of = (type: TypeUrl): XdsResource[] => view.filter((resource) => resource.typeUrl === type);
  const messages = (type: TypeUrl): EnvoyMessage[] => of(type).map(({ message }) => message);
  const endpoints = new Map(of(typeUrl.endpoint).map(({ name, message }) => [name, message]));
  const inline = inliner(messages(typeUrl.route), messages(typeUrl.virtualHost), ports);
  return {
    clusters: messages(typeUrl.cluster).map((cluster) => inline(withEndpoints(cluster, endpoints))),
    listeners: messages(typeUrl.listener).map(inline),
    secrets: messages(typeUrl.secret),
  };
}

function withEndpoints(cluster: EnvoyMessage, endpoints: ReadonlyMap<string, EnvoyMessage>): EnvoyMessage {
  const { name, eds_cluster_config: eds, ...rest } = cluster;
  if (eds === undefined || typeof name !== 'string') return cluster;
  return { ...rest, name, type: 'STATIC', load_assignment: endpoints.get(name) ?? {} };
}

function inliner(
  tables: readonly EnvoyMessage[],
  virtualHosts: readonly EnvoyMessage[],
  ports: Ports,
): (message: EnvoyMessage) => EnvoyMessage {
  const routeTables = new Map(
    tables.map((table) => {
      const fixed = table['virtual_hosts'] as readonly EnvoyMessage[];
      const whole = {
        ...table,
        vhds: null,
        virtual_hosts: [...fixed, ...virtualHosts],
        // As of a table that comes by RDS.
        validate_clusters: false,
      };
      return [table['name'], whole];
    }),
  );
  return (message) => rewrite(message, { ports, routeTables }) as EnvoyMessage;
}

type Ports = ReadonlyMap<number, number>;

interface Given {
  readonly ports: Ports;
  readonly routeTables: ReadonlyMap<EnvoyValue | undefined, EnvoyMessage>;
}

/**
 * A route table instead of `rds`, a filter's empty configuration instead of its discovery, and no source for secrets that would
 * come over ADS: the bootstrap has them.
 */
function rewrite(value: EnvoyValue, given: Given): EnvoyValue {
  if (typeof value === 'number') return given.ports.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item: EnvoyValue) => rewrite(item, given));
  if (typeof value !== 'object' || value === null) return value;
  const { rds, config_discovery: discovery, sds_config: source, ...rest } = value as EnvoyMessage;
  const fields = Object.entries(rest).map(([key, item]) => [key, rewrite(item, given)] as const);
  const isFile = typeof source === 'object' && source !== null && !('ads' in source);
  return {
    ...Object.fromEntries(fields),
    ...(rds !== undefined && {
      route_config: given.routeTables.get((rds as EnvoyMessage)['route_config_name']) ?? null,
    }),
    ...(discovery !== undefined && {
      typed_config: (discovery as EnvoyMessage)['default_config'] ?? null,
    }),
    ...(isFile && { sds_config: rewrite(source, given) }),
  };
}
