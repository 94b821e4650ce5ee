// What the leader knows of another replica: batch after batch, from nothing. Pure; states are immutable, and what a
// batch does not speak of keeps its identity.
import type { LayerId } from '../envoy/resources/xds-resource.ts';
import type { PresentedLeaf } from '../values/presented-leaf.ts';
import type { AckState, StateChange } from './changes.ts';

/** Type → name → version. */
export type LayerVersions = ReadonlyMap<string, TypeVersions>;
export type TypeVersions = ReadonlyMap<string, Served>;

export interface Served {
  readonly version: string;
  /** As texts: read only where they matter. */
  readonly origins: readonly string[];
}

export interface PeerState {
  readonly layers: ReadonlyMap<LayerId, LayerVersions>;
  /** By the id of the stream. */
  readonly proxies: ReadonlyMap<number, PeerProxy>;
}

export interface PeerProxy {
  readonly workload: string;
  readonly nodeId: string;
  readonly leaf?: PresentedLeaf | null;
  readonly layers: readonly LayerId[];
  /** By the leader's clock. */
  readonly connectedAtMs: number;
  readonly ackState: AckState;
}

export const emptyPeer: PeerState = { layers: new Map(), proxies: new Map() };

/** Until it is said how it stands, nothing counts as acknowledged; in a well-formed batch it is said. */
const unknownAckState: AckState = { lagging: [], rejected: [], former: [], atRest: false };
/** Most proxies stand like this: one object for all, so that what is found out about it is found out once. */
const obedient: AckState = { lagging: [], rejected: [], former: [], atRest: true };

/** Throws on changes that do not fit the state: then the peer and the leader have different things in mind. */
export function applyBatch(before: PeerState, changes: readonly StateChange[], nowMs: number): PeerState {
  const draft = new Draft(before, nowMs);
  for (const change of changes) draft.apply(change);
  return draft.done();
}

/** Each map is copied once for a batch, if it is changed. */
class Draft {
  readonly #nowMs: number;
  readonly #layers: Map<LayerId, LayerVersions>;
  readonly #proxies: Map<number, PeerProxy>;
  readonly #fresh = new Map<LayerId, Map<string, Map<string, Served>>>();

  constructor({ layers, proxies }: PeerState, nowMs: number) {
    this.#nowMs = nowMs;
    this.#layers = new Map(layers);
    this.#proxies = new Map(proxies);
  }

  apply(change: StateChange): void {
    switch (change.type) {
      case 'versions':
        return this.#setVersions(change);
      case 'layersGone':
        return change.layers.forEach((id) => this.#dropLayer(id));
      case 'proxy':
        return this.#setProxy(change);
      case 'ackState':
        return this.#setAckState(change);
      case 'proxiesGone':
        return change.ids.forEach((id) => this.#proxies.delete(id));
    }
  }

  done(): PeerState {
    for (const { nodeId, ackState } of this.#proxies.values()) {
      if (ackState === unknownAckState) throw new Error(`It is not said how proxy ${nodeId} stands.`);
    }
    for (const [id, types] of this.#fresh) {
      const layer = this.#layerWith(id, types);
      if (layer.size > 0) this.#layers.set(id, layer);
      else this.#layers.delete(id);
    }
    return { layers: this.#layers, proxies: this.#proxies };
  }

  #layerWith(id: LayerId, types: ReadonlyMap<string, TypeVersions>): LayerVersions {
    const layer = new Map(this.#layers.get(id));
    for (const [typeUrl, versions] of types) {
      if (versions.size > 0) layer.set(typeUrl, versions);
      else layer.delete(typeUrl);
    }
    return layer;
  }

  #dropLayer(id: LayerId): void {
    this.#layers.delete(id);
    this.#fresh.delete(id);
  }

  #setVersions({ layer, typeUrl, set, unset }: StateChange & { readonly type: 'versions' }): void {
    const types = this.#fresh.get(layer) ?? new Map<string, Map<string, Served>>();
    this.#fresh.set(layer, types);
    const versions = types.get(typeUrl) ?? new Map(this.#layers.get(layer)?.get(typeUrl));
    types.set(typeUrl, versions);
    for (const name of unset) versions.delete(name);
    for (const [name, version, ...origins] of set) versions.set(name, { version, origins });
  }

  #setProxy(change: StateChange & { readonly type: 'proxy' }): void {
    const { id, workload, nodeId, leaf = null, layers, ageMs } = change;
    const connectedAtMs = this.#proxies.get(id)?.connectedAtMs ?? this.#nowMs - ageMs;
    this.#proxies.set(id, { workload, nodeId, leaf, layers, connectedAtMs, ackState: unknownAckState });
  }

  #setAckState({
    ids,
    lagging,
    rejected,
    former,
    atRest,
  }: StateChange & { readonly type: 'ackState' }): void {
    const isObedient = atRest && lagging.length + rejected.length + former.length === 0;
    const ackState = isObedient ? obedient : { lagging, rejected, former, atRest };
    for (const id of ids) {
      const proxy = this.#proxies.get(id);
      if (proxy === undefined) throw new Error(`There is no proxy with id ${id}.`);
      this.#proxies.set(id, { ...proxy, ackState });
    }
  }
}
