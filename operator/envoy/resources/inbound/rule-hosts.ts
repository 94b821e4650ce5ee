// Hosts in authorization rules: what stands in the Host header, in :authority, or in the request line, which Envoy makes one.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { Certainty } from './certainty.ts';
import { allRules, anyRule, notRule } from './rule-set.ts';

/** A name or an address, and perhaps a port: whatever else there is, applications may read it in another way. */
const plainHost: EnvoyMessage = authority({
  safe_regex: {
    regex: String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?`,
  },
});

export function host(names: readonly string[], certainty: Certainty): EnvoyMessage {
  const isOneOf = anyRule(names.flatMap(matchesOf));
  return certainty === 'possibly' ? anyRule([notRule(plainHost), isOneOf]) : allRules([plainHost, isOneOf]);
}

/** Of a plain host. */
function matchesOf(name: string): readonly EnvoyMessage[] {
  const ignore_case = true;
  if (!name.startsWith('*.')) {
    return [authority({ exact: name, ignore_case }), authority({ prefix: `${name}:`, ignore_case })];
  }
  const below = name.slice(1);
  return [authority({ suffix: below, ignore_case }), authority({ contains: `${below}:`, ignore_case })];
}

function authority(string_match: EnvoyMessage): EnvoyMessage {
  return { header: { name: ':authority', string_match } };
}
