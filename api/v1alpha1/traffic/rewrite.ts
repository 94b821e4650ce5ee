// What becomes of the path and the host of a request, in the words of the Gateway API.
// @see https://gateway-api.sigs.k8s.io/reference/spec/#httpurlrewritefilter
import { z } from 'zod';
import { withoutBody } from './fault.ts';
import { type CelRule, dnsSubdomain, port, re2Rule, shaped, withRules } from '../../schema.ts';

const hostname = shaped({
  ...dnsSubdomain,
  message: 'Write a host name in lower case without a port, such as reviews.example.com.',
});

/**
 * A sidecar replaces every match, and holds the result until the request is done. A path can have 256 KiB, so what stands for a character of it
 * is bounded, unless there can be one match only: then a request grows to no more than the 4 MiB that a sidecar keeps for retries.
 */
const maxSubstitution = 128;
const maxSubstitutionOfMany = 16;

const PathRewrite = withRules(
  z.object({
    type: z
      .enum(['ReplaceFullPath', 'ReplacePrefixMatch', 'RegularExpression'])
      .describe(
        'ReplaceFullPath: value is the new path. ReplacePrefixMatch: value replaces the prefix that the request matched. RegularExpression: substitution replaces every part of the path that value, an RE2 expression, matches. The query stays.',
      ),
    value: z
      .string()
      .min(1)
      .max(1024)
      .describe(
        'New path, new prefix, or expression. Paths are written as they are sent, percent-encoded where required. 1 to 1024 characters.',
      ),
    substitution: z
      .string()
      .max(maxSubstitution)
      .optional()
      .describe(
        String.raw`RegularExpression only: the replacement. \1 to \9 are the groups of the expression, and \\ is a backslash. At most 16 characters, or 128 if value begins with ^ and has no |, and at most four groups.`,
      ),
  }),
  {
    rule: String.raw`self.type == 'RegularExpression' || self.value.matches(r'^/[!-~]*$')`,
    message:
      "Start value with '/', and write it as it is sent: percent-encode spaces and characters outside of ASCII.",
  },
  {
    rule: String.raw`self.type == 'RegularExpression' || !self.value.matches(r'[?#\\]')`,
    message: "Leave '?', '#' and backslashes out of value: it is a path.",
  },
  {
    rule: "has(self.substitution) == (self.type == 'RegularExpression')",
    message: 'Set substitution for type RegularExpression, and for no other type.',
  },
  {
    rule: String.raw`!has(self.substitution) || self.substitution.matches(r'^([ -\[\]-~]|\\[0-9\\])*$')`,
    message: String.raw`Write substitution in printable ASCII characters, with a digit or a backslash after each backslash: \1.`,
  },
  {
    rule: String.raw`!has(self.substitution) || !self.substitution.matches(r'(\\[0-9].*){5}')`,
    message: 'Use at most four groups in substitution: each can be as long as the path.',
  },
  {
    rule: `!has(self.substitution) || self.substitution.size() <= ${maxSubstitutionOfMany} || (self.value.startsWith('^') && !self.value.contains('|'))`,
    message: `Begin value with '^' and leave '|' out, or use at most ${maxSubstitutionOfMany} characters in substitution: an expression without '^' can match at every character of a path.`,
  },
  re2Rule,
);

const somethingChanges: CelRule = {
  rule: 'has(self.hostname) || has(self.path)',
  message: 'Set hostname or path.',
};

export const Rewrite = withRules(
  z.object({
    hostname: hostname
      .optional()
      .describe('Host header that the backend gets. Default: as the caller sent it.'),
    path: PathRewrite.optional().describe('Path that the backend gets. Default: as the caller sent it.'),
  }),
  somethingChanges,
);

export const Redirect = withRules(
  z.object({
    scheme: z
      .enum(['http', 'https'])
      .optional()
      .describe('Scheme of the new location. Default: that of the request.'),
    hostname: hostname.optional().describe('Host of the new location. Default: that of the request.'),
    port: port()
      .optional()
      .describe('Port of the new location. Default: that of the request, or none if hostname is set.'),
    path: PathRewrite.optional().describe('Path of the new location. Default: that of the request.'),
    status: withRules(z.int().min(301).max(308), {
      rule: 'self in [301, 302, 303, 307, 308]',
      message: 'Use status 301, 302, 303, 307 or 308.',
    })
      .default(302)
      .describe('HTTP status: 301, 302, 303, 307 or 308. Default: 302.'),
  }),
  {
    rule: 'has(self.scheme) || has(self.hostname) || has(self.port) || has(self.path)',
    message: 'Set scheme, hostname, port or path: a redirect to the same location never ends.',
  },
);

export const Respond = withRules(
  z.object({
    status: z.int().min(200).max(599).describe('HTTP status, 200 to 599.'),
    body: z
      .string()
      .max(4096)
      .default('')
      .describe(
        'Body of the response. At most 4096 characters. None for the statuses 204, 205 and 304. Default: empty.',
      ),
  }),
  {
    rule: `self.body == '' || !(self.status in [${withoutBody.join(', ')}])`,
    message: 'Remove body, or choose another status: responses with status 204, 205 and 304 have no body.',
  },
);

/** For a route. */
export const rewriteRules: readonly CelRule[] = [
  {
    rule: '[has(self.redirect), has(self.respond), self.backends.size() > 0].filter(x, x).size() <= 1',
    message: 'Keep only one of backends, redirect and respond.',
  },
  {
    rule: '!(has(self.redirect) || has(self.respond)) || !(has(self.rewrite) || has(self.timeout) || has(self.retry) || has(self.requestHeaders) || has(self.upgrades) || self.mirror.size() > 0)',
    message:
      'Remove rewrite, timeout, retry, requestHeaders, upgrades and mirror, or remove redirect and respond: these answer without a backend.',
  },
  ...['rewrite', 'redirect'].map((field) => ({
    rule: `!has(self.${field}) || !has(self.${field}.path) || self.${field}.path.type != 'ReplacePrefixMatch' || self.matches.all(m, has(m.path) && m.path.type == 'PathPrefix')`,
    message: 'Set a path of type PathPrefix in every match: ReplacePrefixMatch replaces it.',
  })),
];
