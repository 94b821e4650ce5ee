// Regular expressions, as Envoy reads them: RE2. Entry: regexProblems.
// A bad one in a single virtual host is refused without a name (`missing ): ((`), so it must not get that far.
import { RE2JS } from 're2js';
import type { Problem } from './problem.ts';
import type { Place } from './walk.ts';

/** Message type → its field that holds an expression. */
const regexFields: Readonly<Record<string, string>> = {
  'envoy.type.matcher.v3.RegexMatcher': 'regex',
  'xds.type.matcher.v3.RegexMatcher': 'regex',
  'envoy.config.metrics.v3.TagSpecifier': 'regex',
};

export function regexProblems({ shape, message }: Place): readonly Problem[] {
  const name = regexFields[shape.name];
  if (name === undefined || typeof message[name] !== 'string') return [];
  const mistake = syntaxError(message[name]);
  return mistake === null ? [] : [{ path: name, text: mistake }];
}

function syntaxError(expression: string): string | null {
  try {
    RE2JS.compile(expression);
    return null;
  } catch (error) {
    return `must be a regular expression in RE2 syntax (${error instanceof Error ? error.message : String(error)})`;
  }
}
