// A value for each of the few types of resource. Immutable, and so short that thousands of sessions can have several of them,
// and copy them at every change, which a Map is too large and too slow for. Pure. Entry: PerType.
import { typeUrl, type TypeUrl } from '../../envoy/proto/type-urls.ts';

/** The types, in the order in which their values are listed. */
export const allTypes: readonly TypeUrl[] = Object.values(typeUrl);
const places: ReadonlyMap<TypeUrl, number> = new Map(allTypes.map((type, index) => [type, index]));

export class PerType<Value extends object> implements Iterable<[TypeUrl, Value]> {
  /** How many types have a value. */
  readonly size: number;
  private readonly values: readonly (Value | undefined)[];

  private constructor(values: readonly (Value | undefined)[], size: number) {
    this.values = values;
    this.size = size;
  }

  static none<Value extends object>(): PerType<Value> {
    return PerType.empty;
  }

  private static readonly empty = new PerType<never>([], 0);

  get(type: TypeUrl): Value | undefined {
    return this.values[placeOf(type)];
  }

  has(type: TypeUrl): boolean {
    return this.get(type) !== undefined;
  }

  /** The same, but for one type. */
  with(type: TypeUrl, value: Value): PerType<Value> {
    const at = placeOf(type);
    const isNew = this.values[at] === undefined;
    const values = allTypes.map((_, index) => (index === at ? value : this.values[index]));
    return new PerType(values, isNew ? this.size + 1 : this.size);
  }

  /** In the order of allTypes. */
  *[Symbol.iterator](): Generator<[TypeUrl, Value], undefined> {
    for (const type of allTypes) {
      const value = this.get(type);
      if (value !== undefined) yield [type, value];
    }
  }
}

function placeOf(type: TypeUrl): number {
  return places.get(type) ?? -1;
}
