// Headers in authorization rules. A header may hold a list of values, of which applications take the first, the last, or each; and some take `x_group`
// for `x-group`.
import type { RuleHeaderIr } from '../../../ir/request.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { quote } from '../complement-regex.ts';
import type { Certainty } from './certainty.ts';
import { spellingsOf } from './lookalike-headers.ts';
import { allRules, anyRule, notRule } from './rule-set.ts';

export function header(condition: RuleHeaderIr, certainty: Certainty): EnvoyMessage {
  const lookalikes = spellingsOf(condition.name)
    .filter((name) => name !== condition.name)
    .map(present);
  return certainty === 'possibly'
    ? anyRule([inSomeValue(condition), ...lookalikes])
    : allRules([asItIs(condition), ...lookalikes.map(notRule)]);
}

function present(name: string): EnvoyMessage {
  return { header: { name, present_match: true } };
}

/** Envoy compares each value by itself if a header comes several times; in each there may be a list. */
function inSomeValue({ name, type, value }: RuleHeaderIr): EnvoyMessage {
  if (type === 'Present') return present(name);
  const one = type === 'Exact' ? quote(value) : value;
  return matches(name, { safe_regex: { regex: `(?:.*,)?[ \\t]*(?:${one})[ \\t]*(?:,.*)?` } });
}

/** Another value beside it helps nobody: whoever can send this one could send it alone. */
function asItIs({ name, type, value }: RuleHeaderIr): EnvoyMessage {
  if (type === 'Present') return present(name);
  return matches(name, type === 'Exact' ? { exact: value } : { safe_regex: { regex: value } });
}

function matches(name: string, string_match: EnvoyMessage): EnvoyMessage {
  return { header: { name, string_match } };
}
