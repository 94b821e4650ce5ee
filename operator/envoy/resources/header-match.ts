// Conditions on headers in Envoy's words: of routes, of what routes configure, and of limits.
import type { ValueMatchIr } from '../../ir/route.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';

export function headerMatch({ name, type, value, not }: ValueMatchIr): EnvoyMessage {
  if (type === 'Present') return { name, present_match: !not };
  const inverted = { invert_match: true, treat_missing_header_as_empty: true };
  return { name, string_match: stringMatch(type, value), ...(not && inverted) };
}

export function stringMatch(type: 'Exact' | 'RegularExpression', value: string): EnvoyMessage {
  return type === 'Exact' ? { exact: value } : regex(value);
}

export function regex(expression: string): EnvoyMessage {
  return { safe_regex: { regex: expression } };
}
