// What it takes to read a message, before it is read: objects, of which each field becomes one or more, whatever bytes it has. Pure.
import protobuf from 'protobufjs';

const lengthDelimited = 2;
const mostLevels = 16;

/**
 * Fields of a message and of those within it.
 * @throws Error when there are more than `most`, or when the bytes are no message
 */
export function countFields(bytes: Uint8Array, type: protobuf.Type, most: number): number {
  const reader = protobuf.Reader.create(bytes);
  let count = 0;
  const within = (of: protobuf.Type, end: number, level: number): void => {
    if (level > mostLevels) throw new Error(`more than ${mostLevels} messages within each other`);
    while (reader.pos < end) {
      const tag = reader.uint32();
      count += 1;
      if (count > most) throw new Error(`more than ${most} fields in one message`);
      const inner = (tag & 7) === lengthDelimited ? of.fieldsById[tag >>> 3]?.resolve().resolvedType : null;
      if (inner instanceof protobuf.Type) within(inner, endOf(reader), level + 1);
      else reader.skipType(tag & 7);
    }
  };
  within(type, reader.len, 0);
  return count;
}

function endOf(reader: protobuf.Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('index out of range: the bytes end within a message');
  return end;
}
