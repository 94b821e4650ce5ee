// The paths of requests, in the words of the Gateway API: the same in every kind of policy.
// @see https://gateway-api.sigs.k8s.io/reference/spec/#httppathmatch
import { z } from 'zod';
import { type CelRule, re2Rule, withRules } from '../schema.ts';

const normalized =
  "Write the path as it is after normalization, without '//', '/./', '/../', '%2E' and '%2F'; otherwise no request matches it.";

export const pathFields = {
  type: z
    .enum(['Exact', 'PathPrefix', 'RegularExpression'])
    .default('PathPrefix')
    .describe(
      'Exact: the same path. PathPrefix (default): the path and everything below it; /a matches /a and /a/b, but not /ab. RegularExpression: an RE2 expression that matches the whole path, of at most 2,048 instructions; all expressions of an object together have at most 8,192, including those that encoded paths are turned into.',
    ),
  value: z
    .string()
    .min(1)
    .max(1024)
    .describe(
      'The path without the query. Exact and PathPrefix: as it is read (/my files, /café) or as it is sent (/my%20files, /caf%C3%A9). At most 1024 characters.',
    ),
};

export const pathRules: readonly CelRule[] = [
  {
    rule: "self.type == 'RegularExpression' || self.value.startsWith('/')",
    message: "Start value with '/', or set type to RegularExpression.",
  },
  {
    rule: "self.type == 'RegularExpression' || !(self.value.contains('?') || self.value.contains('#'))",
    message: "Leave the query ('?') and the fragment ('#') out of value; only the path is compared.",
  },
  // Two rules for one sentence: together they exceed what the API server grants a rule that may run 4,096 times.
  {
    rule: String.raw`self.type == 'RegularExpression' || !self.value.matches(r'//|/\.\.?(/|$)')`,
    message: normalized,
  },
  {
    rule: "self.type == 'RegularExpression' || !self.value.matches(r'%2[EFef]')",
    message: normalized,
  },
  {
    rule: "self.type == 'RegularExpression' || !self.value.endsWith('*')",
    message:
      "Write /a instead of /a/*: PathPrefix matches everything below value, and '*' is not a wildcard.",
  },
  {
    rule: String.raw`self.type == 'RegularExpression' || !self.value.matches(r'[\x00-\x1f\x7f]')`,
    message: 'Remove line breaks, tabs and other control characters from value.',
  },
  {
    rule: String.raw`self.type != 'RegularExpression' || !self.value.matches(r'[^\x21-\x7e]')`,
    message:
      'In an expression, write spaces and characters outside of ASCII as they are in requests: %20 for a space, %C3%A9 for é.',
  },
  {
    rule: String.raw`self.type != 'RegularExpression' || !self.value.matches(r'^\^?[%\w~-]')`,
    message: "Start the expression with '/', or with '.*': it is compared with the whole path.",
  },
  re2Rule,
];

export const PathMatch = withRules(z.object(pathFields), ...pathRules);
