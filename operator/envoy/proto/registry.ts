// Turns plain Envoy messages into protobuf bytes and back, by name. Pure; this is the room's entry.
// Plain form: field names in snake_case, enums by name, bytes in base64, wrappers as the bare value, Struct as an object,
// Duration as {seconds, nanos}, Any as the message with `@type`, 64-bit integers as numbers (as digits beyond 2^53).
import protobuf from 'protobufjs/minimal.js';
import type { EnvoyMessage } from './envoy-message.ts';
import { readMessage } from './read-message.ts';
import { shapeOf } from './shapes.ts';
import { writeMessage, writeTyped } from './write-message.ts';

/**
 * The bytes of a google.protobuf.Any that holds `message`. Equal content gives equal bytes, whatever the order of keys.
 * @throws MessageError with the path of the first unknown field, unknown `@type` or value of the wrong kind.
 */
export function encodeAny(typeUrl: string, message: EnvoyMessage): Uint8Array {
  const writer = protobuf.Writer.create();
  writeTyped(typeUrl, message, writer);
  return writer.finish();
}

/** The bytes of a message by its full name, for example `envoy.config.bootstrap.v3.Bootstrap`. @throws MessageError */
export function encodeMessage(typeName: string, message: EnvoyMessage): Uint8Array {
  const writer = protobuf.Writer.create();
  writeMessage(shapeOf(typeName), message, writer);
  return writer.finish();
}

/**
 * The plain form of encoded bytes: fields that are set, in the order of their numbers on the wire. Fields and Any types that
 * are not known are left out and shown as `@bytes`, since a peer may speak a newer API than we do.
 * @throws MessageError when the bytes are not a message of that type, or one of more fields than that.
 */
export function decode(typeName: string, bytes: Uint8Array, mostFields = Infinity): EnvoyMessage {
  return readMessage(shapeOf(typeName), bytes, mostFields) as EnvoyMessage;
}

/** The plain form of an encoded google.protobuf.Any, with its `@type`: for goldens and for people to read. */
export function toPlain(any: Uint8Array): EnvoyMessage {
  return decode('google.protobuf.Any', any);
}
