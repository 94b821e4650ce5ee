// What a test asks of a running Envoy, through its admin port. Entry: adminAt.

/** A JSON object as the admin port gives it. */
export type Json = Readonly<Record<string, unknown>>;

export interface Admin {
  /** Counters and gauges whose names match `filter`, a regular expression (RE2). */
  stats(filter: string): Promise<ReadonlyMap<string, number>>;
  /** One counter or gauge by its full name; 0 if it does not exist. */
  stat(name: string): Promise<number>;
  /** `/config_dump`; `resource` picks a list (`dynamic_listeners`), `mask` its fields. */
  configDump(query?: { readonly resource?: string; readonly mask?: string }): Promise<Json>;
  /** Whether Envoy is live: all that it waited for at start has come. */
  ready(): Promise<boolean>;
  /** The actual port of a listener that was given port 0, by name. */
  listenerPort(name: string): Promise<number>;
}

export function adminAt(port: number): Admin {
  const get = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  const stats: Admin['stats'] = async (filter) => {
    const response = await get(`/stats?format=json&filter=${encodeURIComponent(filter)}`);
    const { stats: list } = (await response.json()) as { readonly stats: readonly Stat[] };
    // Histograms come in the same list, without a value.
    return new Map(
      list.flatMap(({ name, value }) =>
        name !== undefined && typeof value === 'number' ? [[name, value]] : [],
      ),
    );
  };
  return {
    stats,
    stat: async (name) => (await stats(`^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)).get(name) ?? 0,
    configDump: async (query = {}) => {
      const response = await get(`/config_dump?${new URLSearchParams({ ...query }).toString()}`);
      return (await response.json()) as Json;
    },
    ready: async () => {
      const response = await get('/ready');
      // The body must be read, or the connection stays open.
      return response.status === 200 && (await response.text()).startsWith('LIVE');
    },
    listenerPort: async (name) => {
      const response = await get('/listeners?format=json');
      const { listener_statuses: list = [] } = (await response.json()) as Listeners;
      const listener = list.find((it) => it.name === name);
      if (listener === undefined) throw new Error(`Envoy has no listener ${name}`);
      return listener.local_address.socket_address.port_value;
    },
  };
}

interface Stat {
  readonly name?: string;
  readonly value?: unknown;
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}
