// What rules ask of verified tokens: Envoy's metadata matchers, of what the filter of tokens has written.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/value.proto
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { payloads } from '../../envoy/resources/inbound/tokens/jwt-authn.ts';
import { knowingOnly, messageIn, messagesIn, numberIn, textIn, UnreadableError } from '../fields.ts';
import { matchesText } from '../matchers.ts';
import type { Arriving } from './arriving.ts';

/** @param condition a SourcedMetadata */
export function matchesMetadata(condition: EnvoyMessage, request: Arriving): boolean {
  const matcher = messageIn(knowingOnly(condition, ['metadata_matcher']), 'metadata_matcher') ?? {};
  knowingOnly(matcher, ['filter', 'path', 'value']);
  if (textIn(matcher, 'filter') !== payloads)
    throw new UnreadableError(`explain does not know the metadata of ${textIn(matcher, 'filter') ?? ''}`);
  const [provider = '', ...path] = messagesIn(matcher, 'path').map((segment) => textIn(segment, 'key') ?? '');
  const value = path.reduce<unknown>(memberOf, request.payloads.get(provider));
  return matchesValue(messageIn(matcher, 'value') ?? {}, value);
}

function memberOf(value: unknown, key: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function matchesValue(matcher: EnvoyMessage, value: unknown): boolean {
  knowingOnly(matcher, [
    'present_match',
    'string_match',
    'bool_match',
    'double_match',
    'list_match',
    'or_match',
  ]);
  const oneOf = messageIn(matcher, 'or_match');
  if (oneOf !== null)
    return messagesIn(knowingOnly(oneOf, ['value_matchers']), 'value_matchers').some((one) =>
      matchesValue(one, value),
    );
  const list = messageIn(matcher, 'list_match');
  if (list !== null) {
    const one = messageIn(knowingOnly(list, ['one_of']), 'one_of') ?? {};
    return Array.isArray(value) && value.some((item) => matchesValue(one, item));
  }
  return matchesScalar(matcher, value);
}

function matchesScalar(matcher: EnvoyMessage, value: unknown): boolean {
  const text = messageIn(matcher, 'string_match');
  if (text !== null) return typeof value === 'string' && matchesText(text, value);
  const number = messageIn(matcher, 'double_match');
  if (number !== null) return value === numberIn(knowingOnly(number, ['exact']), 'exact');
  const { bool_match: flag, present_match: isPresent } = matcher;
  if (typeof flag === 'boolean') return value === flag;
  if (typeof isPresent === 'boolean') return (value !== undefined) === isPresent;
  throw new UnreadableError('explain does not know how a claim is matched');
}
