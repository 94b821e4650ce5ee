// Who has which layers. Pure.
import { append } from '../values/labels.ts';
import type { LayerId } from '../envoy/resources/xds-resource.ts';

interface Layered {
  readonly layers: readonly LayerId[];
}

export class LayerIndex<Item extends Layered> {
  readonly #items: readonly Item[];
  readonly #byLayer = new Map<LayerId, Item[]>();

  constructor(items: readonly Item[]) {
    this.#items = items;
    for (const item of items) {
      for (const layer of item.layers) append(this.#byLayer, layer, item);
    }
  }

  /** How many have any of the layers. */
  count(layers: readonly LayerId[]): number {
    const [first] = layers;
    if (first !== undefined && layers.length === 1) return this.#byLayer.get(first)?.length ?? 0;
    return this.having(layers).size;
  }

  having(layers: readonly LayerId[]): ReadonlySet<Item> {
    const all = new Set<Item>();
    for (const layer of layers) {
      for (const item of this.#byLayer.get(layer) ?? []) all.add(item);
      if (all.size === this.#items.length) break;
    }
    return all;
  }
}
