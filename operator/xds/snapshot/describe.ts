// A snapshot as plain data, for people: /debug/snapshot. Messages are decoded from the very bytes proxies get.
import { toPlain } from '../../envoy/proto/registry.ts';
import type { Snapshot } from './types.ts';

export function describeSnapshot(snapshot: Snapshot | null): unknown {
  if (snapshot === null) return null;
  const layers = [...snapshot.layers].map(([id, layer]) => [
    id,
    [...layer].map(([typeUrl, { entries }]) => ({
      typeUrl,
      resources: [...entries.values()].map(({ name, version, any, origins, clusters, exclusiveKeys }) => {
        return { name, version, origins, clusters, exclusiveKeys, message: toPlain(any) };
      }),
    })),
  ]);
  const { generation, views, invalid } = snapshot;
  return { generation, layers: Object.fromEntries(layers), views: Object.fromEntries(views), invalid };
}
