// Which kind of plain value something is, and what all writers have to know of the wire.
import type { EnvoyMessage, EnvoyValue } from './envoy-message.ts';
import { describeValue, MessageError } from './message-error.ts';

/** The length-delimited wire type: strings, messages, maps, packed lists. */
export const lengthDelimited = 2;

export function isObject(value: EnvoyValue): value is EnvoyMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: EnvoyValue): EnvoyMessage {
  if (isObject(value)) return value;
  throw new MessageError(`expected an object, got ${describeValue(value)}`);
}

export function listOf(value: EnvoyValue): readonly EnvoyValue[] {
  if (Array.isArray(value)) return value as readonly EnvoyValue[];
  throw new MessageError(`expected a list, got ${describeValue(value)}`);
}
