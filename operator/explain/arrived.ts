// A request as the sidecar of a server sees it, on its way through filters that write and remove headers.
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { copyPathFilter, readPathFilter } from '../envoy/resources/inbound/request-path.ts';
import {
  otherPathHeader,
  pathHeader,
  pathScript,
  readingsHeader,
} from '../envoy/resources/paths/path-script.ts';
import { type CallRequest, headerOf, pathOf } from './call.ts';
import { knowingOnly, messageIn, messagesIn, textIn, UnreadableError } from './fields.ts';
import { matchesText } from './matchers.ts';
import { readingsOf } from './path-readings.ts';

export interface Arrived {
  readonly request: CallRequest;
  /** The SPIFFE ID of the caller; null: it comes in plaintext. */
  readonly caller: string | null;
  /** Names of headers, in lower case, of which explain cannot say the value. */
  readonly unknown: ReadonlySet<string>;
}

/** Names that only sidecars write are no caller's. */
export function arrivedAt(request: CallRequest, caller: string | null): Arrived {
  const headers = request.headers.filter(([name]) => !name.startsWith('x-meshwright-'));
  return { request: { ...request, headers }, caller, unknown: new Set() };
}

/** With the path as a route has it read; ofRoute: what the route says to filters. */
export function withPath(arrived: Arrived, ofRoute: EnvoyMessage): Arrived {
  const copying = messageIn(ofRoute, copyPathFilter.name);
  if (copying !== null) return afterMutations(arrived, copying);
  const reading = messageIn(ofRoute, readPathFilter.name);
  return reading === null ? arrived : afterScript(arrived, reading);
}

/** @param config what a route says to the filter that runs scripts */
export function afterScript(arrived: Arrived, config: EnvoyMessage): Arrived {
  const script = textIn(messageIn(config, 'source_code') ?? {}, 'inline_string');
  if (script !== pathScript)
    throw new UnreadableError(`explain does not know the script of ${readPathFilter.name}`);
  const readings = readingsOf(pathOf(arrived.request));
  if (readings === null) return arrived;
  const [first, second] = readings.single;
  const found: readonly (readonly [string, string | undefined])[] = [
    [readingsHeader, readings.list],
    [pathHeader, first],
    [otherPathHeader, second],
  ];
  return found.reduce(
    (seen, [name, value]) => (value === undefined ? seen : written(seen, name, value)),
    arrived,
  );
}

/** @param filter a HeaderMutation, or what a route says to one */
export function afterMutations(arrived: Arrived, filter: EnvoyMessage): Arrived {
  knowingOnly(filter, ['@type', 'mutations']);
  const mutations = knowingOnly(messageIn(filter, 'mutations') ?? {}, [
    'request_mutations',
    'response_mutations',
  ]);
  return messagesIn(mutations, 'request_mutations').reduce(afterMutation, arrived);
}

function afterMutation(arrived: Arrived, mutation: EnvoyMessage): Arrived {
  knowingOnly(mutation, ['append', 'remove', 'remove_on_match']);
  const removed = textIn(mutation, 'remove');
  if (removed !== null) return without(arrived, (name) => name === removed);
  const matching = messageIn(messageIn(mutation, 'remove_on_match') ?? {}, 'key_matcher');
  if (matching !== null) return without(arrived, (name) => matchesText(matching, name));
  return afterAppend(arrived, knowingOnly(messageIn(mutation, 'append') ?? {}, ['header', 'append_action']));
}

function afterAppend(arrived: Arrived, append: EnvoyMessage): Arrived {
  const header = knowingOnly(messageIn(append, 'header') ?? {}, ['key', 'value']);
  const name = (textIn(header, 'key') ?? '').toLowerCase();
  switch (textIn(append, 'append_action')) {
    case 'ADD_IF_ABSENT':
      if (arrived.unknown.has(name) || headerOf(arrived.request, name) !== null) return arrived;
      break;
    case 'OVERWRITE_IF_EXISTS_OR_ADD':
      break;
    default:
      throw new UnreadableError('explain does not know how the header is written');
  }
  const value = valueOf(arrived, textIn(header, 'value') ?? '');
  // What is empty is not written.
  if (value === null) return arrived;
  if (value !== unknownValue) return written(arrived, name, value);
  const { unknown, ...rest } = without(arrived, (other) => other === name);
  return { ...rest, unknown: new Set([...unknown, name]) };
}

const unknownValue = Symbol('unknown');

/** Of a format string, as far as sidecars have them. Null: there is none. */
function valueOf(arrived: Arrived, format: string): string | null | typeof unknownValue {
  if (format === '%DOWNSTREAM_PEER_URI_SAN%') return arrived.caller;
  if (format === '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%' || isOfB3(format)) return unknownValue;
  const [, name, most = ''] = /^%REQ\(([^)]+)\):(\d+)%$/.exec(format) ?? [];
  if (name !== undefined) {
    if (arrived.unknown.has(name.toLowerCase())) return unknownValue;
    return headerOf(arrived.request, name)?.slice(0, Number(most)) ?? null;
  }
  const value = format.replace('%PATH(NQ:PATH)%', () => pathOf(arrived.request));
  if (/^[^%]*$/.test(format.replace('%PATH(NQ:PATH)%', ''))) return value;
  throw new UnreadableError(`explain does not know the value ${format}`);
}

/** Where sidecars read traces in B3: what comes of it is traceparent, of which rules rarely speak. */
function isOfB3(format: string): boolean {
  return format === '%UNIQUE_ID%' || /^%(REQ\(traceparent|(REQ|CEL)\(.*b3)/.test(format);
}

function written(arrived: Arrived, name: string, value: string): Arrived {
  const { request, ...rest } = without(arrived, (other) => other === name);
  return { ...rest, request: { ...request, headers: [...request.headers, [name, value]] } };
}

function without({ request, caller, unknown }: Arrived, isGone: (name: string) => boolean): Arrived {
  return {
    request: { ...request, headers: request.headers.filter(([name]) => !isGone(name)) },
    caller,
    unknown: new Set([...unknown].filter((name) => !isGone(name))),
  };
}
