// Messages of protobuf as the JSON of the same object would be, but for what is not named: that is passed over. Entry: message;
// the kinds of fields are in fields.ts. Kubernetes writes fields that are not pointers even if they are empty; its JSON leaves most of those out.
import type { ByteReader } from './byte-reader.ts';

export interface Field<V> {
  /** In the .proto file. */
  readonly number: number;
  /** undefined: as if it were not there. `before`: of the same field, if it came already. */
  readonly read: (reader: ByteReader, before: unknown) => V | undefined;
  /** What stands for a field that is not there. Default: nothing. */
  readonly absent?: V;
  /** Of a message that JSON does not have: its number in this one. */
  readonly within?: number;
  /** Takes the value when the message is complete. */
  readonly complete?: ((value: V) => V) | undefined;
}

/** All fields of T, so that one that is new there is not forgotten here. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

/** Reads [at, end) of the reader, and leaves it at the end. */
export type ReadMessage<T> = (reader: ByteReader, end: number) => T;

type Slots = (Slot | undefined)[];
/** All of one shape, for speed. */
interface Slot {
  readonly key: string;
  readonly read: Field<unknown>['read'];
  /** Of a message whose fields are those of the object. */
  readonly inner: Slots | undefined;
}
interface Finished {
  readonly key: string;
  readonly absent: unknown;
  readonly complete: ((value: unknown) => unknown) | undefined;
}
type Target = Record<string, unknown>;

/** `kind`: what the object says of itself, in front of its fields. */
export function message<T extends object>(fields: FieldsOf<T>, kind?: string): ReadMessage<T> {
  const all = Object.entries(fields) as [string, Field<unknown>][];
  const slots = slotsOf(all);
  const finished = all.flatMap(([key, { absent, complete }]) =>
    absent === undefined && complete === undefined ? [] : [{ key, absent, complete }],
  );
  const create = creatorOf();
  return (reader, end) => {
    const target = create();
    if (kind !== undefined) target['kind'] = kind;
    readInto(target, reader, end, slots);
    for (let index = 0; index < finished.length; index += 1) finish(target, finished[index]);
    return target as T;
  };
}

function finish(target: Target, field: Finished | undefined): void {
  if (field === undefined) return;
  const { key, absent, complete } = field;
  const value = target[key];
  if (value !== undefined) {
    if (complete !== undefined) target[key] = complete(value);
  } else if (absent !== undefined) target[key] = absent;
}

/** V8 gives the objects of one constructor as much room as the first few of them needed, where a literal would get more later. */
function creatorOf(): () => Target {
  const Shape = function (): void {} as unknown as new () => Target;
  Shape.prototype = Object.prototype;
  return () => new Shape();
}

function slotsOf(fields: readonly (readonly [string, Field<unknown>])[]): Slots {
  const slots: Slots = [];
  for (const [key, { number, within, read }] of fields) {
    if (within === undefined) slots[number] = { key, read, inner: undefined };
    else {
      const inner = slots[within]?.inner ?? [];
      inner[number] = { key, read, inner: undefined };
      slots[within] = { key: '', read, inner };
    }
  }
  return Array.from(slots);
}

function readInto(target: Target, reader: ByteReader, end: number, slots: Slots): void {
  const outerEnd = reader.end;
  reader.end = end;
  while (reader.at < end) {
    const tag = reader.varint();
    const slot = slots[tag >>> 3];
    if (slot === undefined) reader.skip(tag);
    else if (slot.inner !== undefined) readInto(target, reader, reader.enter(), slot.inner);
    else {
      const { key } = slot;
      const value = slot.read(reader, target[key]);
      if (value !== undefined) target[key] = value;
    }
  }
  reader.end = outerEnd;
}
