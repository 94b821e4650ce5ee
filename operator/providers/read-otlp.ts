// Reads what sidecars send by OTLP: access logs and spans. Pure.
import { Buffer } from 'node:buffer';
import { countFields } from './count-fields.ts';
import { logsRequest, traceRequest } from './otlp-schema.ts';
import type { Attributes, LogRecord, Span } from './signals.ts';

/** Which node a message says that it is from; '' where it does not say. To be proven. */
interface Told {
  readonly nodeId: string;
}

export interface ToldLogs extends Told {
  readonly records: readonly LogRecord[];
}

export interface ToldSpans extends Told {
  readonly spans: readonly Span[];
}

/** More in one message are no sidecar's. */
const most = 1_000;
/** Of an item: more have no format. */
const mostAttributes = 128;
/** Of a message: what a sidecar sends at once has less than half of it, however long values are. */
const mostFields = 50_000;
/** Of a value: request headers may be long. */
const mostCharacters = 8_192;

interface Value {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
}
type Pairs = readonly { readonly key?: string; readonly value?: Value }[];
const asArrays = { arrays: true, longs: String } as const;

interface WrittenLogs {
  readonly resource?: { readonly attributes?: Pairs };
  readonly scopeLogs: readonly { readonly logRecords: readonly WrittenLog[] }[];
}
interface WrittenSpans {
  readonly scopeSpans: readonly { readonly spans: readonly WrittenSpan[] }[];
}
interface WrittenLog {
  readonly timeUnixNano?: string;
  readonly body?: Value;
  readonly attributes?: Pairs;
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
}
interface WrittenSpan {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly parentSpanId?: Uint8Array;
  readonly traceState?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: Pairs;
  readonly status?: { readonly code?: number };
}

/** @throws Error when the bytes are no ExportLogsServiceRequest, or one of several nodes */
export function readLogs(bytes: Uint8Array): ToldLogs {
  countFields(bytes, logsRequest, mostFields);
  const resourceLogs: readonly WrittenLogs[] = logsRequest.toObject(logsRequest.decode(bytes), asArrays)[
    'resourceLogs'
  ];
  const records: LogRecord[] = [];
  const nodes = new Set<string>();
  for (const { resource, scopeLogs } of resourceLogs) {
    const said = attributesOf(resource?.attributes);
    nodes.add(said['node_name'] ?? '');
    const log = said['log_name'] ?? '';
    for (const one of scopeLogs.flatMap(({ logRecords }) => logRecords)) records.push(recordOf(one, log));
  }
  return { nodeId: theOnly(nodes), records: bounded(records) };
}

/** @throws Error when the bytes are no ExportTraceServiceRequest, or one of several nodes */
export function readSpans(bytes: Uint8Array): ToldSpans {
  countFields(bytes, traceRequest, mostFields);
  const resourceSpans: readonly WrittenSpans[] = traceRequest.toObject(traceRequest.decode(bytes), asArrays)[
    'resourceSpans'
  ];
  const nodes = new Set<string>();
  const spans = resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
    .map((written) => {
      const { node_id: node = '', ...attributes } = attributesOf(written.attributes);
      nodes.add(node);
      return spanOf(written, attributes);
    })
    .filter(isWhole);
  return { nodeId: theOnly(nodes), spans: bounded(spans) };
}

function recordOf(written: WrittenLog, log: string): LogRecord {
  return {
    timeNs: nanoseconds(written.timeUnixNano),
    log,
    text: textOf(written.body),
    attributes: attributesOf(written.attributes),
    traceId: idOf(written.traceId, traceIdBytes),
    spanId: idOf(written.spanId, spanIdBytes),
  };
}

function spanOf(written: WrittenSpan, attributes: Attributes): Span {
  return {
    traceId: idOf(written.traceId, traceIdBytes),
    spanId: idOf(written.spanId, spanIdBytes),
    parentId: idOf(written.parentSpanId, spanIdBytes),
    traceState: written.traceState ?? '',
    name: written.name ?? '',
    kind: written.kind ?? 0,
    startNs: nanoseconds(written.startTimeUnixNano),
    endNs: nanoseconds(written.endTimeUnixNano),
    attributes,
    status: written.status?.code ?? 0,
  };
}

function bounded<T>(items: readonly T[]): readonly T[] {
  if (items.length > most) throw new Error(`more than ${most} in one message`);
  return items;
}

function theOnly(nodes: ReadonlySet<string>): string {
  if (nodes.size > 1) throw new Error('a message of several nodes');
  const [node = ''] = nodes;
  return node;
}

/** Envoy writes `-` for what has no value. */
function attributesOf(pairs: Pairs = []): Attributes {
  return Object.fromEntries(
    pairs.slice(0, mostAttributes).flatMap(({ key = '', value }) => {
      const text = textOf(value);
      return text === '' || text === '-' ? [] : [[key, text] as const];
    }),
  );
}

function textOf(value: Value = {}): string {
  const { stringValue, boolValue, intValue, doubleValue } = value;
  const text = String(stringValue ?? boolValue ?? intValue ?? doubleValue ?? '');
  if (text.length <= mostCharacters) return text;
  // By a copy: a slice would keep all of it in memory, and may end with half a character, for which a provider refuses all of a message.
  return Buffer.from(text.slice(0, mostCharacters)).toString();
}

/** '' where it is none: providers refuse all of a message for one of another length, or of zeros. @see https://www.w3.org/TR/trace-context/#trace-id */
function idOf(bytes: Uint8Array = new Uint8Array(), length: number): string {
  return bytes.length === length && bytes.some((byte) => byte !== 0)
    ? Buffer.from(bytes).toString('hex')
    : '';
}

const traceIdBytes = 16;
const spanIdBytes = 8;

/** A span without them belongs to nothing. */
function isWhole({ traceId, spanId }: Span): boolean {
  return traceId !== '' && spanId !== '';
}

function nanoseconds(value = '0'): bigint {
  return BigInt(value);
}
