// Which pages of other origins may use a route from browsers, in the words of the Gateway API.
// @see https://gateway-api.sigs.k8s.io/reference/spec/#httpcorsfilter
// @see https://fetch.spec.whatwg.org/#http-cors-protocol
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { headerName } from '../../headers.ts';
import { listSet, re2Rule, shaped, withRules } from '../../schema.ts';

const Origin = withRules(
  z.object({
    type: z
      .enum(['Exact', 'RegularExpression'])
      .default('Exact')
      .describe(
        "Exact (default): the origin itself, or '*' for any. RegularExpression: an RE2 expression for the whole origin.",
      ),
    value: z
      .string()
      .min(1)
      .max(256)
      .describe('Origin, such as https://shop.example.com, or expression. 1 to 256 characters.'),
  }),
  {
    rule: String.raw`self.type != 'Exact' || self.value == '*' || self.value.matches(r'^[a-z][-+.a-z0-9]*://([-._~a-z0-9]+|\[[0-9a-f:.]+\])(:[0-9]+)?$')`,
    message:
      'Write an origin as browsers send it: scheme and host in lower case, and no path, such as https://shop.example.com. For all hosts of a domain, use an expression.',
  },
  {
    rule: "self.type != 'Exact' || !self.value.matches('^(https://.*:443|http://.*:80)$')",
    message: 'Remove the port: browsers leave out port 443 of https and port 80 of http.',
  },
  re2Rule,
).describe('An origin of pages.');

const method = shaped({
  pattern: /^(\*|[A-Z]+(-[A-Z]+)*)$/,
  message: "Write an HTTP method in upper case, such as PUT, or '*' for all.",
  max: 32,
});

const name = shaped({
  ...headerName,
  message: "Write the name of an HTTP header, such as x-group, or '*' for all.",
});

const noWildcard = (field: string): string => `!self.${field}.exists(one, one == '*')`;

export const Cors = withRules(
  z.object({
    allowOrigins: z
      .array(Origin)
      .min(1)
      .max(16)
      .describe('Origins whose pages may read responses, any of which suffices. At most 16.'),
    allowMethods: listSet(z.array(method).max(16))
      .default([])
      .describe('Methods that these pages may use besides GET, HEAD and POST. At most 16.'),
    allowHeaders: listSet(z.array(name).max(32))
      .default([])
      .describe(
        'Request headers that these pages may set besides those that every page may set. At most 32.',
      ),
    exposeHeaders: listSet(z.array(name).max(32))
      .default([])
      .describe(
        'Response headers that these pages may read besides those that every page may read. At most 32.',
      ),
    maxAge: withRules(Duration, {
      rule: "duration(self) <= duration('24h')",
      message: 'Set maxAge to at most 24h: no browser remembers the answer for longer.',
    })
      .optional()
      .describe(
        'Time for which browsers need not ask again, such as 10m, at most 24h, in whole seconds. Default: that of the browser, 5s.',
      ),
    allowCredentials: z
      .boolean()
      .default(false)
      .describe('Whether these pages may send cookies and authentication. Default: false.'),
  }),
  {
    rule: "!self.allowCredentials || self.allowOrigins.all(o, o.value != '*' && (o.type == 'Exact' || !['https://anybody.invalid', 'http://anybody.invalid', 'null'].exists(any, any.matches('^(?:' + o.value + ')$'))))",
    message:
      'Name the origins, or set allowCredentials to false: otherwise any page could act on behalf of its visitors.',
  },
  {
    rule: `!self.allowCredentials || (${['allowMethods', 'allowHeaders', 'exposeHeaders'].map(noWildcard).join(' && ')})`,
    message: "Write the names instead of '*': with allowCredentials, browsers take '*' literally.",
  },
);
