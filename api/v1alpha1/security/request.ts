// The requests of an authorization rule.
import { z } from 'zod';
import { notReserved, possibleValue, seen } from '../../headers.ts';
import { listMap, listSet, port, re2Rule, type Shape, shaped, withRules } from '../../schema.ts';
import { Method } from '../method.ts';
import { pathFields, pathRules } from '../path-match.ts';
import { hostname } from '../traffic/match.ts';

const method = Method.describe('HTTP method, such as GET, PROPFIND or LIST.');

const RulePath = withRules(
  z.object({
    ...pathFields,
    ignoreCase: z
      .boolean()
      .default(false)
      .describe(
        'Whether to ignore the case of ASCII letters: /Admin matches /admin. Set it in Deny rules for applications that ignore case, such as ASP.NET, IIS, and Express by default. Default: false, because paths are case-sensitive in HTTP. With type RegularExpression, begin the expression with (?i) instead.',
      ),
  }),
  ...pathRules,
  {
    rule: "self.type != 'RegularExpression' || !self.ignoreCase",
    message: 'Remove ignoreCase, and begin the expression with (?i).',
  },
);

/** Applications may read a dash as an underscore: each can be spelled in two ways, and there are not too many. */
const ruleHeader: Shape = {
  pattern: /^[A-Za-z0-9]+([_-][A-Za-z0-9]+){0,5}$/,
  message:
    "Write the name of a header, such as x-group: letters and digits, with at most 5 '-' or '_' between them.",
  max: 128,
};

const RuleHeader = withRules(
  z.object({
    name: withRules(shaped(ruleHeader), notReserved, seen, {
      rule: "self.lowerAscii() != 'host'",
      message: 'Use hosts instead of the header host.',
    }).describe('Name of the header, case-insensitive.'),
    type: z
      .enum(['Exact', 'RegularExpression', 'Present'])
      .default('Exact')
      .describe(
        'Exact (default): the same value. RegularExpression: an RE2 expression for the whole value, of at most 2,048 instructions; all expressions of a policy together have at most 8,192. Present: any value.',
      ),
    value: z.string().max(256).optional().describe('Value of the header. At most 256 characters.'),
  }),
  {
    rule: "self.type == 'Present' ? !has(self.value) : (has(self.value) && self.value != '')",
    message: 'Set value for Exact and RegularExpression, and leave it out for Present.',
  },
  {
    rule: String.raw`self.type != 'RegularExpression' || !has(self.value) || !self.value.matches(r'^\^|(^|[^\\])\$$')`,
    message: "Leave out '^' and '$': the expression is compared with the whole value.",
  },
  possibleValue,
  re2Rule,
).describe(
  'A condition on a header. If the header is sent several times, one of its values has to match. A Deny rule also compares each value of a list, and counts the same name with _ for - as the header; an Allow rule does not match a request with both.',
);

interface Most {
  readonly methods: number;
  readonly some: number;
  readonly hosts: number;
}

function requestFields({ methods, some, hosts }: Most): {
  readonly ports: z.ZodDefault<z.ZodArray<z.ZodInt>>;
  readonly methods: z.ZodDefault<z.ZodArray<typeof method>>;
  readonly paths: z.ZodDefault<z.ZodArray<typeof RulePath>>;
  readonly hosts: z.ZodDefault<z.ZodArray<z.ZodString>>;
  readonly headers: z.ZodDefault<z.ZodArray<typeof RuleHeader>>;
} {
  return {
    ports: listSet(z.array(port()).max(some))
      .default([])
      .describe(`Ports of the workload: targetPort of a Service, not its port. At most ${some}.`),
    methods: listSet(z.array(method).max(methods))
      .default([])
      .describe(
        `HTTP methods. Case-sensitive in Allow rules; Deny rules ignore case, because some applications do. At most ${methods}.`,
      ),
    paths: listMap(z.array(RulePath).max(some), 'type', 'value')
      .default([])
      .describe(
        `Paths, in any encoding: /%61dmin is /admin. Applications can interpret some paths in more than one way: %2F and backslashes as slashes or not, // as one slash or two, with or without ;parameters, .. as a name or as the parent. A Deny rule matches if any interpretation matches; an Allow rule matches only if all interpretations match. A path that cannot be interpreted, such as one of more than 8,192 bytes with %, matches every Deny rule with paths and no Allow rule with paths. The application receives the path as it was sent. At most ${some}.`,
      ),
    hosts: listSet(
      z.array(shaped(hostname).describe('Host name, or *. and a domain for all names below it.')).max(hosts),
    )
      .default([])
      .describe(
        `Hosts that the caller asks for, in any case and with any port. A Deny rule also matches the name with a dot at its end, and requests whose host is not a plain name or address. At most ${hosts}.`,
      ),
    headers: listMap(z.array(RuleHeader).max(4), 'name')
      .default([])
      .describe('Conditions on headers. At most 4.'),
  };
}

/** CEL: something is said. */
const someField = ['ports', 'methods', 'paths', 'hosts', 'headers']
  .map((field) => `self.${field}.size() > 0`)
  .join(' || ');

const Excluded = withRules(z.object(requestFields({ methods: 9, some: 4, hosts: 4 })), {
  rule: someField,
  message: 'Name a method, a path, a host, a header or a port in not, or remove it.',
}).describe('Requests that do not match: those with any of these properties.');

export const Request = withRules(
  z.object({ ...requestFields({ methods: 9, some: 16, hosts: 8 }), not: Excluded.optional() }),
  {
    rule: `has(self.not) || ${someField}`,
    message: 'Name a method, a path, a host, a header or a port in each entry, or remove the entry.',
  },
).describe(
  'Requests. A request matches if its port, method, path and host are each in the list of that name (default: any), all conditions on headers hold, and it is not in not.',
);
export type Request = z.infer<typeof Request>;
