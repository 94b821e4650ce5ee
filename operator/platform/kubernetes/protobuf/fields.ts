// The kinds of fields that messages have here. `number`: in the .proto file.
import { isSameValue } from '../../../values/same-value.ts';
import { ByteReader } from './byte-reader.ts';
import type { Field, ReadMessage } from './message.ts';
import { createRecent } from './recent.ts';

/** Left out if empty. */
export function text(number: number): Field<string> {
  return { number, read: (reader) => reader.text() || undefined };
}

/** Also if empty: a pointer, or a field without `omitempty`. */
export function anyText(number: number): Field<string> {
  return { number, read: (reader) => reader.text() };
}

/** Left out if 0. */
export function integer(number: number): Field<number> {
  return { number, read: (reader) => reader.integer() || undefined };
}

/** Also if 0. */
export function anyInteger(number: number): Field<number> {
  return { number, read: (reader) => reader.integer() };
}

/** Left out if false. */
export function isTrue(number: number): Field<boolean> {
  return { number, read: (reader) => reader.varint() !== 0 || undefined };
}

/** Also if false: a pointer. */
export function trueOrFalse(number: number): Field<boolean> {
  return { number, read: (reader) => reader.varint() !== 0 };
}

export function one<T>(number: number, read: ReadMessage<T>): Field<T> {
  return { number, read: (reader) => read(reader, reader.enter()) };
}

export function many<T>(number: number, read: ReadMessage<T>): Field<readonly T[]> {
  return listOf(number, (reader) => read(reader, reader.enter()));
}

export function texts(number: number): Field<readonly string[]> {
  return listOf(number, (reader) => reader.text());
}

function listOf<T>(number: number, read: (reader: ByteReader) => T): Field<readonly T[]> {
  return {
    number,
    read: (reader, before) => {
      if (before === undefined) return [read(reader)];
      const list = before as T[];
      list.push(read(reader));
      return list;
    },
    // An array that grew has room for 17.
    complete: (list) => (list.length > 1 ? list.slice() : list),
  };
}

/** An empty list if it is not there. */
export function always<T>(field: Field<readonly T[]>): Field<readonly T[]> {
  return { ...field, absent: [] };
}

/** Fields of a message that JSON does not have, which is that number of this one. */
export function within<T extends object>(number: number, fields: T): T {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]: [string, object]) => [key, { ...field, within: number }]),
  ) as T;
}

const manyDifferent = 8;

/** Of equal values that come soon after each other, the first stands for all. */
export function shared<T extends object>(field: Field<T>): Field<T> {
  const recent: T[] = [];
  return {
    ...field,
    complete: (value) => {
      for (const other of recent) if (isSameValue(other, value)) return other;
      const first = field.complete?.(value) ?? value;
      if (recent.length === manyDifferent) recent.pop();
      recent.unshift(first);
      return first;
    },
  };
}

type Texts = Readonly<Record<string, string>>;

/** A map; `except`: a key that is passed over. */
export function textMap(number: number, except?: string): Field<Texts> {
  const tag = (number << 3) | 2;
  const recent = createRecent(256, (bytes, from, to) => readEntries(new ByteReader(bytes, from, to), except));
  return {
    number,
    read: (reader, before) => {
      const from = reader.at;
      // All entries that follow each other at once: as bytes they are what they were in the object before.
      do reader.at = reader.enter();
      while (reader.isNext(tag));
      const entries = recent(reader.bytes, from, reader.at);
      return before === undefined ? entries : { ...(before as Texts), ...entries };
    },
  };
}

/** The first one without its tag. */
function readEntries(reader: ByteReader, except: string | undefined): Texts {
  const entries: [string, string][] = [];
  do {
    const entry = readEntry(reader, reader.enter());
    if (entry[0] !== except) entries.push(entry);
    if (reader.at < reader.end) reader.varint();
  } while (reader.at < reader.end);
  return Object.fromEntries(entries);
}

function readEntry(reader: ByteReader, end: number): [string, string] {
  let key = '';
  let value = '';
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag >>> 3 === 1) key = reader.text();
    else if (tag >>> 3 === 2) value = reader.text();
    else reader.skip(tag);
  }
  return [key, value];
}

/** RFC 3339, in whole seconds, as in JSON. */
export function time(number: number): Field<string> {
  const recent = createRecent(64, (bytes, from, to) => timeText(new ByteReader(bytes, from, to)));
  return {
    number,
    read: (reader) => {
      const end = reader.enter();
      const from = reader.at;
      reader.at = end;
      return recent(reader.bytes, from, end);
    },
  };
}

/** undefined: none, which is a time without seconds. */
function timeText(reader: ByteReader): string | undefined {
  let seconds: number | undefined;
  while (reader.at < reader.end) {
    const tag = reader.varint();
    if (tag >>> 3 === 1) seconds = reader.integer();
    else reader.skip(tag);
  }
  return seconds === undefined || seconds === 0
    ? undefined
    : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** An IntOrString. */
export function numberOrText(number: number): Field<number | string> {
  return { number, read: (reader) => readNumberOrText(reader, reader.enter()) };
}

function readNumberOrText(reader: ByteReader, end: number): number | string {
  let isText = false;
  let numeric = 0;
  let textual = '';
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag >>> 3 === 1) isText = reader.varint() === 1;
    else if (tag >>> 3 === 2) numeric = reader.integer();
    else if (tag >>> 3 === 3) textual = reader.text();
    else reader.skip(tag);
  }
  return isText ? textual : numeric;
}
