// A snapshot as plain data, for people: /debug/snapshot. Messages are decoded from the very bytes proxies get, one
// when it is asked for: all of them together may be larger than memory.
import { toPlain } from '../../envoy/proto/registry.ts';
import type { Layer, Snapshot, TypeLayer } from './types.ts';

export function describeSnapshot(snapshot: Snapshot | null): unknown {
  if (snapshot === null) return null;
  const { generation, layers, views, invalid } = snapshot;
  const described = [...layers].map(
    ([id, layer]) => [id, { [Symbol.iterator]: () => types(layer) }] as const,
  );
  return { generation, layers: new Map(described), views, invalid };
}

function* types(layer: Layer): Generator {
  for (const [typeUrl, { entries }] of layer)
    yield { typeUrl, resources: { [Symbol.iterator]: () => resources(entries) } };
}

function* resources(entries: TypeLayer['entries']): Generator {
  for (const { name, version, any, origins, clusters, exclusiveKeys } of entries.values())
    yield { name, version, origins, clusters, exclusiveKeys, message: toPlain(any) };
}
