// From Envoy's configuration dump to the marks of the resources in it: see resources.ts. Entry: markedConfig.

type Json = Readonly<Record<string, unknown>>;

/** `Cluster c0` → mark, of what is active; what still warms counts more, as it has been accepted, too. */
export function markedConfig(dump: unknown): ReadonlyMap<string, number> {
  const marks = new Map<string, number>();
  for (const config of list(dump, 'configs')) {
    for (const [part, read] of parts) for (const item of list(config, part)) read(item, marks);
  }
  return marks;
}

/** `Runtime layer` → mark, from what Envoy says of its runtime. */
export function markedRuntime(runtime: unknown): ReadonlyMap<string, number> {
  const value = at(runtime, 'entries', 'test.mark', 'final_value');
  return new Map(value === undefined ? [] : [['Runtime layer', Number(value)]]);
}

type Read = (item: Json, marks: Map<string, number>) => void;

const cluster: Read = (item, marks) => {
  // Ten seconds and as many milliseconds as the mark says.
  const timeoutMs = Math.round(Number.parseFloat(String(at(item, 'cluster', 'connect_timeout'))) * 1000);
  marks.set(`Cluster ${String(at(item, 'cluster', 'name'))}`, timeoutMs - 10_000);
};

const secret: Read = (item, marks) => {
  const pem = String(at(item, 'secret', 'validation_context', 'trusted_ca', 'inline_string'));
  const mark = /^mark (\d+)/.exec(pem)?.[1];
  if (mark !== undefined) marks.set(`Secret ${String(item['name'])}`, Number(mark));
};

/** Lists of the dump, in the order of what counts more. */
const parts: readonly (readonly [string, Read])[] = [
  ['dynamic_active_clusters', cluster],
  ['dynamic_warming_clusters', cluster],
  [
    'dynamic_endpoint_configs',
    (item, marks) => {
      const [locality] = list(item['endpoint_config'], 'endpoints');
      const [endpoint] = list(locality, 'lb_endpoints');
      const port = at(endpoint, 'endpoint', 'address', 'socket_address', 'port_value');
      const name = at(item, 'endpoint_config', 'cluster_name');
      if (typeof port === 'number') marks.set(`ClusterLoadAssignment ${String(name)}`, port);
    },
  ],
  [
    'dynamic_listeners',
    (item, marks) => {
      const text = JSON.stringify(at(item, 'warming_state') ?? at(item, 'active_state') ?? {});
      const mark = markIn(text);
      if (mark !== undefined) marks.set(`Listener ${String(item['name'])}`, mark);
    },
  ],
  [
    'dynamic_route_configs',
    (item, marks) => {
      const config = item['route_config'] as Json;
      const mark = markIn(JSON.stringify(config['request_headers_to_remove'] ?? []));
      if (mark !== undefined) marks.set(`RouteConfiguration ${String(config['name'])}`, mark);
      for (const host of list(config, 'virtual_hosts')) {
        const name = String(host['name']);
        const hostMark = markIn(JSON.stringify(host));
        if (name.includes('/') && hostMark !== undefined) marks.set(`VirtualHost ${name}`, hostMark);
      }
    },
  ],
  [
    'ecds_filters',
    (item, marks) => {
      const mark = markIn(JSON.stringify(item['ecds_filter']));
      const name = at(item, 'ecds_filter', 'name');
      if (mark !== undefined) marks.set(`TypedExtensionConfig ${String(name)}`, mark);
    },
  ],
  ['dynamic_active_secrets', secret],
  ['dynamic_warming_secrets', secret],
];

function markIn(text: string): number | undefined {
  const mark = /mark-(\d+)/.exec(text)?.[1];
  return mark === undefined ? undefined : Number(mark);
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

function list(value: unknown, key: string): readonly Json[] {
  const found = at(value, key);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}
