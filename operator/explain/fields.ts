// Reads Envoy messages, which are plain data without types. What is not there is empty; what nobody here understands is an error, so
// that an explanation never leaves out what Envoy heeds.
import type { EnvoyMessage, EnvoyValue } from '../envoy/proto/envoy-message.ts';

/** The configuration says something that explain cannot read: a fault of Meshwright. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** @throws UnreadableError if it has a field that is not among these */
export function knowingOnly(message: EnvoyMessage, known: readonly string[]): EnvoyMessage {
  const unknown = Object.keys(message).filter((field) => !known.includes(field));
  if (unknown.length > 0) throw new UnreadableError(`explain does not know the field ${unknown.join(', ')}`);
  return message;
}

export function messageIn(message: EnvoyMessage, field: string): EnvoyMessage | null {
  const value = message[field];
  return isMessage(value) ? value : null;
}

export function messagesIn(message: EnvoyMessage, field: string): readonly EnvoyMessage[] {
  return listIn(message, field).filter(isMessage);
}

export function textsIn(message: EnvoyMessage, field: string): readonly string[] {
  return listIn(message, field).filter((item) => typeof item === 'string');
}

export function textIn(message: EnvoyMessage, field: string): string | null {
  const value = message[field];
  return typeof value === 'string' ? value : null;
}

export function numberIn(message: EnvoyMessage, field: string): number | null {
  const value = message[field];
  return typeof value === 'number' ? value : null;
}

export function flagIn(message: EnvoyMessage, field: string): boolean {
  return message[field] === true;
}

/** Of a google.protobuf.Duration; 0: absent. */
export function millisecondsIn(message: EnvoyMessage, field: string): number {
  const found = messageIn(message, field);
  if (found === null) return 0;
  return (numberIn(found, 'seconds') ?? 0) * 1000 + (numberIn(found, 'nanos') ?? 0) / 1e6;
}

/** Of an envoy.type.v3.FractionalPercent, in percent. */
export function percentageIn(message: EnvoyMessage, field: string): number {
  const found = messageIn(message, field);
  if (found === null) return 100;
  const scale = { HUNDRED: 1, TEN_THOUSAND: 100, MILLION: 10_000 }[textIn(found, 'denominator') ?? 'HUNDRED'];
  if (scale === undefined) throw new UnreadableError('explain does not know the denominator');
  return (numberIn(found, 'numerator') ?? 0) / scale;
}

/** The type of a google.protobuf.Any, without its prefix. */
export function typeOf(message: EnvoyMessage): string {
  const type = textIn(message, '@type') ?? '';
  return type.slice(type.indexOf('/') + 1);
}

function listIn(message: EnvoyMessage, field: string): readonly EnvoyValue[] {
  const value = message[field];
  return Array.isArray(value) ? value : [];
}

export function isMessage(value: EnvoyValue | undefined): value is EnvoyMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
