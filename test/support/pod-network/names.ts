// A DNS server for tests: `names.ts <address> <file>`. The file says name → addresses, as JSON; it is read for each question, so that a test
// may change it. Names that it does not have do not exist. Prints each name that it is asked for.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';

const [, , address = '', file = ''] = process.argv;

const typeOf = { a: 1, aaaa: 28 } as const;
const headerBytes = 12;

interface Question {
  readonly name: string;
  readonly type: number;
  /** As it came, to be repeated. */
  readonly bytes: Buffer;
}

function read(packet: Buffer): Question {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return {
    name: labels.join('.').toLowerCase(),
    type: packet.readUInt16BE(at + 1),
    bytes: packet.subarray(headerBytes, at + 5),
  };
}

function answer(packet: Buffer): Buffer {
  const { name, type, bytes } = read(packet);
  process.stdout.write(`asked ${name}\n`);
  const known = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, readonly string[]>>;
  const addresses = (known[name] ?? []).filter(
    (one) => type === (one.includes(':') ? typeOf.aaaa : typeOf.a),
  );
  const header = Buffer.alloc(headerBytes);
  packet.copy(header, 0, 0, 2);
  // A response with recursion; NXDOMAIN for names that there are not.
  header.writeUInt16BE(name in known ? 0x81_80 : 0x81_83, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  return Buffer.concat([header, bytes, ...addresses.map(record)]);
}

/** Of the name in question, for a second. */
function record(text: string): Buffer {
  const data = text.includes(':') ? ipv6Bytes(text) : Buffer.from(text.split('.').map(Number));
  const head = Buffer.from([
    0xc0,
    headerBytes,
    0,
    data.length === 4 ? typeOf.a : typeOf.aaaa,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
  ]);
  return Buffer.concat([head, Buffer.from([data.length]), data]);
}

function ipv6Bytes(text: string): Buffer {
  const [left = '', right = ''] = text.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const zeros = 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array.from({ length: zeros }, () => '0'), ...groups(right)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

const socket = createSocket('udp4', (packet, from) => socket.send(answer(packet), from.port, from.address));
socket.bind(53, address, () => process.stdout.write('listening\n'));
