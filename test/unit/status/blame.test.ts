import { describe, expect, test } from '@jest/globals';
import { type SpecifiedOf, toFix } from '../../../operator/status/blame.ts';
import { quotedIn } from '../../../operator/status/quotations.ts';
import { originOf } from '../../support/origins.ts';

describe('an expression is quoted', () => {
  test.each<[string, string, string, boolean]>([
    ['by the part that RE2 cannot read', 'invalid perl operator: (?=', 'a(?=b)', true],
    ['whole', 'missing ): a((', 'a((', true],
    [
      'in a longer text of Envoy',
      'Error adding/updating listener(s) x: bad repetition operator: **',
      'b**',
      true,
    ],
    [
      'by a code of a character class',
      String.raw`invalid character class range: \p{LC}`,
      String.raw`x\p{LC}`,
      true,
    ],
    [
      'by our own check',
      'r: must be a regular expression in RE2 syntax (error: missing closing ): `((`)',
      '((',
      true,
    ],
    [
      'by our own check, as a code',
      String.raw`write the character itself instead of \x{100}`,
      String.raw`\x{100}+`,
      true,
    ],
    ['with its spaces made one, as Envoy is quoted', 'missing ): ( a', '(  a', true],
    ['not if it lacks that part', 'invalid perl operator: (?=', 'a(?:b)', false],
  ])('%s', (_, message, text, isQuoted) => {
    expect(quotedIn(message)({ path: 'p', text, isExpression: true })).toBe(isQuoted);
    // What is compared as it is cannot be what RE2 does not read.
    expect(quotedIn(message)({ path: 'p', text, isExpression: false })).toBe(false);
  });
});

describe('any other text is quoted', () => {
  test.each<[string, string, string, boolean]>([
    ['whole, if no word of the language looks like it', 'Header x-group is bad', 'x-group', true],
    ['in another case, as Envoy writes names of headers', 'Header x-group is bad', 'X-Group', true],
    ['not as a part of another one', 'Header x-group-by is bad', 'x-group', false],
    ['at the end of a sentence', 'It is x-group.', 'x-group', true],
    ['a plain word in quotes', "no header 'group'", 'group', true],
    ['not a plain word without quotes', 'value is required', 'value', false],
    ['not if it is empty', 'anything', '', false],
  ])('%s', (_, message, text, isQuoted) => {
    expect(quotedIn(message)({ path: 'p', text, isExpression: false })).toBe(isQuoted);
  });
});

const specs: Readonly<Record<string, unknown>> = {
  a: {
    routes: [
      { name: 'stable', matches: [{ path: { type: 'RegularExpression', value: '/(b' } }] },
      { requestHeaders: { remove: ['x-a'], set: [{ name: 'x-b', value: 'b-c' }] } },
    ],
    subsets: [{ name: 'v1' }, { name: 'v2' }],
  },
  b: { routes: [{ name: 'only', matches: [{ path: { type: 'RegularExpression', value: '/(b' } }] }] },
  many: { routes: Array.from({ length: 5 }, (_, at) => ({ name: `r${at}` })) },
  settings: { timeout: { request: '3s' } },
  guard: {
    authorization: {
      rules: [{ name: 'one', from: [{ serviceAccounts: ['shop/visitor'] }] }, { name: 'two' }],
    },
  },
  vm: {
    ports: [{ name: 'http', port: 80 }, { port: 81 }],
    outbound: [{ bindAddress: '127.0.0.1', bindPort: 80 }],
  },
};

const known: readonly string[] = [
  'TrafficPolicy/shop/a@2',
  'TrafficPolicy/shop/b@1',
  'TrafficPolicy/shop/many@1',
  'TrafficPolicy/shop/settings@1',
  'SecurityPolicy/shop/guard@1',
  'ExternalWorkload/shop/vm@1',
];

interface Case {
  readonly self?: string;
  readonly origins: readonly string[];
  readonly name: string;
  readonly message?: string;
  readonly fix: string;
}

const host = 'outbound/reviews.shop:80';
const a = 'TrafficPolicy/shop/a@2';
const b = 'TrafficPolicy/shop/b@1';

const cases: Readonly<Record<string, Case>> = {
  'the field that is quoted': {
    self: a,
    origins: ['Service/shop/reviews@0', a],
    name: host,
    message: 'missing ): /(b',
    fix: 'spec.routes[0].matches[0].path.value (route "stable")',
  },
  'each field that is quoted, of each object': {
    self: a,
    origins: [a, b],
    name: host,
    message: 'missing ): /(b',
    fix: 'spec.routes[0].matches[0].path.value (route "stable") of this object, or spec.routes[0].matches[0].path.value (route "only") of TrafficPolicy shop/b',
  },
  'no object in which it is not': {
    self: b,
    origins: [a, b],
    name: host,
    message: 'Invalid header x-a',
    fix: 'spec.routes[1].requestHeaders.remove[0] of TrafficPolicy shop/a',
  },
  'the value of a header': {
    origins: [a],
    name: host,
    message: 'cannot parse "b-c"',
    fix: 'spec.routes[1].requestHeaders.set[0].value of TrafficPolicy shop/a',
  },
  'all routes of a virtual host where nothing is quoted': {
    self: a,
    origins: [a],
    name: host,
    fix: 'spec.routes[0] (route "stable") or spec.routes[1]',
  },
  'the first few of many': {
    self: 'TrafficPolicy/shop/many@1',
    origins: ['TrafficPolicy/shop/many@1'],
    name: host,
    fix: 'spec.routes[0] (route "r0"), spec.routes[1] (route "r1"), spec.routes[2] (route "r2") or 2 more',
  },
  'the subset of a cluster': {
    self: a,
    origins: [a],
    name: 'shop/reviews/80/v2',
    fix: 'spec.subsets[1] (subset "v2")',
  },
  'an object without such entries as a whole': {
    self: 'TrafficPolicy/shop/settings@1',
    origins: ['TrafficPolicy/shop/settings@1', 'Mesh//default@1'],
    name: host,
    fix: 'this object',
  },
  'an object that has changed since as a whole': {
    self: 'TrafficPolicy/shop/a@3',
    origins: ['TrafficPolicy/shop/a@1', b],
    name: 'shop/reviews/80',
    fix: 'this object or TrafficPolicy shop/b',
  },
  'the rule whose id is quoted': {
    self: 'SecurityPolicy/shop/guard@1',
    origins: ['SecurityPolicy/shop/guard@1'],
    name: 'inbound/9080/mesh',
    message: 'policies["shop/guard/two"]: bad',
    fix: 'spec.authorization.rules[1] (rule "two")',
  },
  'the caller that is quoted': {
    self: 'SecurityPolicy/shop/guard@1',
    origins: ['SecurityPolicy/shop/guard@1'],
    name: 'inbound/9080/mesh',
    message: 'no shop/visitor here',
    fix: 'spec.authorization.rules[0].from[0].serviceAccounts[0] (rule "one")',
  },
  'all rules of an inbound resource': {
    self: 'SecurityPolicy/shop/guard@1',
    origins: ['SecurityPolicy/shop/guard@1'],
    name: 'inbound',
    fix: 'spec.authorization.rules[0] (rule "one") or spec.authorization.rules[1] (rule "two")',
  },
  'the port of a workload': {
    self: 'ExternalWorkload/shop/vm@1',
    origins: ['ExternalWorkload/shop/vm@1'],
    name: 'inbound/10.0.0.1/80',
    fix: 'spec.ports[0] (port "http")',
  },
  'the binding of a workload': {
    self: 'ExternalWorkload/shop/vm@1',
    origins: ['ExternalWorkload/shop/vm@1'],
    name: 'local/127.0.0.1/80',
    fix: 'spec.outbound[0]',
  },
  'the Mesh where nobody else can be to blame': {
    origins: ['Mesh//default@1'],
    name: 'trust',
    fix: 'the Mesh',
  },
};

describe('to fix is', () => {
  test.each(Object.entries(cases))('%s', (_, { self, origins, name, message = 'No.', fix }) => {
    const specifiedOf: SpecifiedOf = (origin) =>
      known.some((text) => JSON.stringify(originOf(text)) === JSON.stringify(origin))
        ? { metadata: origin, spec: specs[origin.name] }
        : undefined;
    const refused = { name, message, origins: origins.map(originOf) };

    expect(toFix(refused, self === undefined ? null : originOf(self), specifiedOf)).toBe(fix);
  });

  test('not what only the name of the resource has', () => {
    const refused = { name: 'x-a', message: 'x-a: bad', origins: [originOf(a)] };

    expect(toFix(refused, originOf(a), () => ({ metadata: { name: 'a' }, spec: specs['a'] }))).toBe(
      'this object',
    );
  });
});
