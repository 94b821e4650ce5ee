// Encodes what has no schema: google.protobuf.Struct, Value and ListValue, from plain JSON.
import type { Writer } from 'protobufjs/minimal.js';
import type { EnvoyMessage, EnvoyValue } from './envoy-message.ts';
import { located } from './message-error.ts';
import { isObject, lengthDelimited, listOf } from './plain-values.ts';

export function writeStruct(struct: EnvoyMessage, writer: Writer): void {
  for (const name of Object.keys(struct).toSorted()) {
    try {
      writer.uint32((1 << 3) | lengthDelimited).fork();
      writer.uint32((1 << 3) | lengthDelimited).string(name);
      writer.uint32((2 << 3) | lengthDelimited).fork();
      writeJsonValue(struct[name] ?? null, writer);
      writer.ldelim().ldelim();
    } catch (error) {
      throw located(error, `[${JSON.stringify(name)}]`);
    }
  }
}

/** A google.protobuf.Value: null_value 1, number 2, string 3, bool 4, struct 5, list 6. */
export function writeJsonValue(value: EnvoyValue, writer: Writer): void {
  if (value === null) writer.uint32(1 << 3).int32(0);
  else if (typeof value === 'number') writer.uint32((2 << 3) | 1).double(value);
  else if (typeof value === 'string') writer.uint32((3 << 3) | lengthDelimited).string(value);
  else if (typeof value === 'boolean') writer.uint32(4 << 3).bool(value);
  else if (isObject(value)) {
    writer.uint32((5 << 3) | lengthDelimited).fork();
    writeStruct(value, writer);
    writer.ldelim();
  } else {
    writer.uint32((6 << 3) | lengthDelimited).fork();
    writeJsonList(listOf(value), writer);
    writer.ldelim();
  }
}

export function writeJsonList(list: readonly EnvoyValue[], writer: Writer): void {
  for (const value of list) {
    writer.uint32((1 << 3) | lengthDelimited).fork();
    writeJsonValue(value, writer);
    writer.ldelim();
  }
}
