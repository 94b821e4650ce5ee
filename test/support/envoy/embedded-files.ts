// Finds encoded google.protobuf.FileDescriptorProtos in a binary. They are told by their first field, the file's name;
// their length is written nowhere, but they are written by field number, so that one ends where numbers fall or make no sense.
// Entry: embeddedFiles.

const ending = Buffer.from('.proto');
const longestName = 255;
/** Length-delimited field 1: where each of these messages begins. */
const nameTag = 0x0a;
const plausibleName = /^[\w./-]+\.proto$/;

/** Field numbers of a FileDescriptorProto, by the wire type that they have. */
const varintFields = new Set([10, 11, 14]);
const lengthDelimitedFields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15]);

/** File name → encoded descriptor. Of several with one name, the longest: the others lack names for JSON, or options. */
export function embeddedFiles(binary: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = binary.indexOf(ending); at >= 0; at = binary.indexOf(ending, at + 1)) {
    const nameEnd = at + ending.length;
    const start = startOf(binary, nameEnd);
    if (start === null) continue;
    const name = binary.toString('latin1', start.name, nameEnd);
    const file = binary.subarray(start.message, endOf(binary, start.message));
    // No more than a name: the list of what another file imports, or chance.
    if (start.message + file.length === nameEnd) continue;
    if (file.length > (files.get(name)?.length ?? 0)) files.set(name, file);
  }
  return files;
}

interface Start {
  readonly message: number;
  readonly name: number;
}

/** Where the message begins whose name ends at `nameEnd`: as far before it as the length says that stands there. */
function startOf(binary: Buffer, nameEnd: number): Start | null {
  for (let length = ending.length + 1; length <= longestName; length++) {
    const name = nameEnd - length;
    const message = name - (length < 0x80 ? 2 : 3);
    if (message < 0) return null;
    if (binary[message] !== nameTag) continue;
    const written = readVarint(binary, message + 1);
    if (written.value !== length || written.next !== name) continue;
    return plausibleName.test(binary.toString('latin1', name, nameEnd)) ? { message, name } : null;
  }
  return null;
}

function endOf(binary: Buffer, start: number): number {
  let end = start;
  for (let last = 0; ;) {
    const tag = readVarint(binary, end);
    const field = Math.floor(tag.value / 8);
    const wireType = tag.value % 8;
    const isVarint = wireType === 0 && varintFields.has(field);
    const isLengthDelimited = wireType === 2 && lengthDelimitedFields.has(field);
    if (field < last || !(isVarint || isLengthDelimited)) return end;
    const value = readVarint(binary, tag.next);
    const next = isVarint ? value.next : value.next + value.value;
    if (next > binary.length) return end;
    end = next;
    last = field;
  }
}

/** A base-128 number of at most five bytes; longer ones are no lengths, and have the value of infinity. */
function readVarint(binary: Buffer, start: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = binary[start + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: start + index + 1 };
  }
  return { value: Number.POSITIVE_INFINITY, next: start + 5 };
}
