// The rules of protoc-gen-validate that occur in Envoy's API, one small function each: a problem in words, or null.
// Which rules occur is asserted by a test, so that a newer API cannot bring one that is silently ignored.
// @see https://github.com/bufbuild/protoc-gen-validate
import { RE2JS } from 're2js';
import type { RuleValue } from '../proto/descriptor.ts';
import type { EnvoyValue } from '../proto/envoy-message.ts';
import { isMessage, textOf } from './walk.ts';

/** A problem in words, or null. */
export type Rule = (value: EnvoyValue, argument: RuleValue) => string | null;

const when = (isWrong: boolean, problem: string): string | null => (isWrong ? problem : null);

const numberRules: Readonly<Record<string, Rule>> = {
  gt: (value, bound) => when(!(Number(value) > Number(bound)), `must be greater than ${textOf(bound)}`),
  gte: (value, bound) => when(!(Number(value) >= Number(bound)), `must be at least ${textOf(bound)}`),
  lt: (value, bound) => when(!(Number(value) < Number(bound)), `must be less than ${textOf(bound)}`),
  lte: (value, bound) => when(!(Number(value) <= Number(bound)), `must be at most ${textOf(bound)}`),
};

/** A google.protobuf.Duration in seconds, from the plain form of a message or of a rule. */
function secondsOf(duration: unknown): number {
  const { seconds = 0, nanos = 0 } = duration as { seconds?: number | string; nanos?: number };
  return Number(seconds) + nanos / 1e9;
}

const durationRule =
  (name: string): Rule =>
  (value, bound) => {
    const problem = numberRules[name]?.(secondsOf(value), secondsOf(bound)) ?? null;
    return problem === null ? null : `${problem} s`;
  };

/** What a header, or a name or value of one, may not hold when the rule is not strict. */
// oxlint-disable-next-line eslint/no-control-regex -- the control characters are the rule
const notInHeaders = /[\u0000\n\r]/;

function asList(argument: RuleValue): readonly unknown[] {
  return Array.isArray(argument) ? argument : [argument];
}

/** A character is one or two units of a string: most need not be counted. */
function hasCharacters(text: string, min: number): boolean {
  return text.length >= 2 * min || Array.from(text).length >= min;
}

/** Rules of one kind by name. A modifier of other rules (`strict`, `ignore_empty`) never fails itself. */
const stringRules: Readonly<Record<string, Rule>> = {
  min_len: (value, min) =>
    when(!hasCharacters(textOf(value), Number(min)), `must have at least ${textOf(min)} characters`),
  max_bytes: (value, max) =>
    when(Buffer.byteLength(textOf(value)) > Number(max), `must have at most ${textOf(max)} bytes`),
  prefix: (value, prefix) =>
    when(!textOf(value).startsWith(textOf(prefix)), `must begin with ${textOf(prefix)}`),
  suffix: (value, suffix) => when(!textOf(value).endsWith(textOf(suffix)), `must end with ${textOf(suffix)}`),
  in: (value, allowed) =>
    when(!asList(allowed).includes(value), `must be one of ${asList(allowed).join(', ')}`),
  pattern: (value, pattern) =>
    when(!RE2JS.compile(textOf(pattern)).matcher(textOf(value)).find(), `must match ${textOf(pattern)}`),
  well_known_regex: (value) =>
    when(notInHeaders.test(textOf(value)), 'must not hold a line break or a NUL character'),
  strict: () => null,
  ignore_empty: () => null,
};

/** The length of bytes that are written in base64. */
const byteLength = (value: EnvoyValue): number => Buffer.byteLength(textOf(value), 'base64');

const bytesRules: Readonly<Record<string, Rule>> = {
  min_len: (value, min) => when(byteLength(value) < Number(min), `must have at least ${textOf(min)} bytes`),
  max_len: (value, max) => when(byteLength(value) > Number(max), `must have at most ${textOf(max)} bytes`),
};

const lengthOf = (value: EnvoyValue): number => (Array.isArray(value) ? value.length : 0);

const repeatedRules: Readonly<Record<string, Rule>> = {
  min_items: (value, min) => when(lengthOf(value) < Number(min), `must have at least ${textOf(min)} items`),
  max_items: (value, max) => when(lengthOf(value) > Number(max), `must have at most ${textOf(max)} items`),
  unique: (value) =>
    when(Array.isArray(value) && new Set(value).size < value.length, 'must not hold an item twice'),
};

const mapRules: Readonly<Record<string, Rule>> = {
  min_pairs: (value, min) =>
    when(
      (isMessage(value) ? Object.keys(value).length : 0) < Number(min),
      `must have at least ${textOf(min)} entries`,
    ),
};

/** Kind of rule → name → rule. `required` (of messages) and rules of items and keys are constraints.ts's own. */
export const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  string: stringRules,
  bytes: bytesRules,
  bool: { const: (value, constant) => when(value !== constant, `must be ${textOf(constant)}`) },
  double: numberRules,
  float: numberRules,
  int32: numberRules,
  int64: numberRules,
  uint32: numberRules,
  uint64: numberRules,
  duration: {
    gt: durationRule('gt'),
    gte: durationRule('gte'),
    lt: durationRule('lt'),
    lte: durationRule('lte'),
  },
  repeated: repeatedRules,
  map: mapRules,
  // defined_only holds by construction: enums are written by name.
  enum: {
    defined_only: () => null,
    not_in: (number, refused) => when(asList(refused).includes(number), 'must be another value'),
  },
};
