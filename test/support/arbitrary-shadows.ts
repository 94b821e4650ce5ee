// Routes that often take the requests of others, and requests that often match them: of every condition there are few values.
import * as fc from 'fast-check';

/** As a user writes it. */
type Match = Readonly<Record<string, unknown>>;

const from = <T>(...pool: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...pool);

const path = fc.oneof(
  fc.record({
    type: from('Exact', 'PathPrefix'),
    value: from('/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '/caf%C3%A9', '/caf%C3%A9/b', '/é'),
  }),
  fc.record({
    type: fc.constant('RegularExpression'),
    value: from(
      '.*',
      '/.*',
      '/a/.*',
      '^/a/b?',
      '/a/(b|c)',
      '/a|/c',
      '/a/b.*',
      '^/a/b/.*$',
      '/[a-c]/.*',
      '/a/b{0}.*',
    ),
  }),
);

const condition = fc.oneof(
  fc.record({ type: fc.constant('Present'), not: fc.boolean() }),
  fc.record({ value: from('', '1', '2'), not: fc.boolean() }),
  fc.record({ type: fc.constant('RegularExpression'), value: from('.*', '[12]'), not: fc.boolean() }),
);

const header = fc.tuple(from('x-a', 'X-A', 'x-b'), condition).map(([name, value]) => ({ name, ...value }));

const parameter = fc
  .tuple(from('p', 'P'), condition)
  .filter(([, value]) => ('type' in value && value.type === 'Present') || !value.not)
  .map(([name, value]) => ({ name, ...value }));

const callers = fc.oneof(
  fc.record({ namespaces: fc.subarray(['shop', 'qa'], { minLength: 1 }) }),
  fc.record({ serviceAccounts: fc.subarray(['shop/web', 'qa/web'], { minLength: 1 }) }),
);

const hostnames = fc.subarray(['a.com', 'b.a.com', 'c.b.a.com', '*.a.com', '*.b.a.com'], { minLength: 1 });
const grpc = fc.record({ service: from('a', 'b'), method: from('b', 'c') }, { requiredKeys: ['service'] });

const conditionOn: fc.Arbitrary<Match> = fc.oneof(
  { arbitrary: fc.record({ path }), weight: 3 },
  { arbitrary: fc.record({ method: from('GET', 'OPTIONS') }), weight: 1 },
  { arbitrary: header.map((one) => ({ headers: [one] })), weight: 3 },
  { arbitrary: parameter.map((one) => ({ queryParameters: [one] })), weight: 1 },
  { arbitrary: fc.record({ hostnames }), weight: 1 },
  { arbitrary: fc.record({ from: callers }), weight: 1 },
  { arbitrary: fc.record({ grpc }), weight: 1 },
);

/** Of few conditions: requests have to meet them. */
const match: fc.Arbitrary<Match> = fc
  .array(conditionOn, { maxLength: 2 })
  .map((parts): Match => Object.assign({}, ...parts))
  .filter((one) => !('grpc' in one && ('path' in one || 'method' in one)));

/** Routes r0, r1, … as a user writes them. */
export const denseRoutes: fc.Arbitrary<readonly object[]> = fc
  .array(fc.array(match, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 4 })
  .map((all) => all.map((matches, index) => ({ name: `r${index}`, matches })));

export interface CalledRequest {
  /** `shop/web` */
  readonly from: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const optional = (name: string, ...values: readonly string[]): fc.Arbitrary<readonly [string, string][]> =>
  from(undefined, ...values).map((value) => (value === undefined ? [] : [[name, value]]));

const paths = ['/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '/c', '/b/x', '/caf%C3%A9', '/caf%c3%a9/b', '/é'];
const ordinary = fc.record({
  method: from('GET', 'POST', 'OPTIONS'),
  path: fc.tuple(from(...paths), from('', '?p=1', '?P=', '?p=2&P=1')).map((parts) => parts.join('')),
});
const line = fc.oneof(
  { arbitrary: ordinary, weight: 9 },
  { arbitrary: fc.constant({ method: 'OPTIONS', path: '*' }), weight: 1 },
);

/** A request to any of these routes. */
export const someRequest: fc.Arbitrary<CalledRequest> = fc
  .tuple(
    line,
    from('shop/web', 'qa/web', 'prod/web'),
    optional('x-a', '', '1', '2', '3'),
    optional('x-b', '', '1', '2'),
    optional('host', 'a.com', 'b.a.com:80', 'C.B.A.COM', 'x.org'),
    optional('content-type', 'application/grpc'),
  )
  .map(([request, caller, ...headers]) => ({ ...request, from: caller, headers: headers.flat() }));
