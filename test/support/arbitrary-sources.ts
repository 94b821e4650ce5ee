// fast-check arbitraries for what the rules of a SecurityPolicy say of callers and requests, beside paths and methods.
import * as fc from 'fast-check';

const from = <T>(pool: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...pool);
const some = <T>(pool: readonly T[], least: 0 | 1 = 0): fc.Arbitrary<readonly T[]> =>
  fc.subarray([...pool], { minLength: least, maxLength: 2 });

const principals = [
  'spiffe://cluster.local/ns/shop/sa/productpage',
  'spiffe://partner.example/ns/shop/sa/web',
  'spiffe://a/b',
];
const networks = [
  '10.0.0.0/8',
  '127.0.0.0/8',
  '192.0.2.7',
  '0.0.0.0/0',
  '::/0',
  'fd00::/8',
  '::ffff:a00:0/104',
  '10.1.2.3/8',
];
const ports = [80, 8080, 9080, 65_535];
const hosts = ['reviews', 'reviews.shop.svc.cluster.local', '*.example.com', 'a.b'];
const headers = fc.oneof(
  fc.record({
    name: from(['x-group', 'X_Group', 'a-b-c-d-e-f']),
    value: from(['a', 'a b', 'ü', 'a,b', '.*']),
  }),
  fc.record({
    name: from(['x-group', 'cookie']),
    type: fc.constant('RegularExpression'),
    value: from(['.*', 'a|b', '(?i)admin', '[[:alpha:]]{1,3}']),
  }),
  fc.record({ name: from(['x-debug', 'Cookie']), type: fc.constant('Present') }),
);
const manyHeaders = fc.uniqueArray(headers, { selector: ({ name }) => name, maxLength: 2 });

type Lists = Readonly<Record<string, readonly unknown[]>>;

function isSomething(lists: Lists): boolean {
  return Object.values(lists).some((list) => list.length > 0);
}

/** Of a rule's from. names: service accounts and namespaces. */
export function sources(
  names: fc.Arbitrary<{
    readonly serviceAccounts?: readonly string[];
    readonly namespaces?: readonly string[];
  }>,
): fc.Arbitrary<object> {
  const addresses = fc.record({ ipBlocks: some(networks), principals: some(principals) });
  const not = fc
    .tuple(fc.record({ namespaces: some(['qa', 'shop']), remoteIPBlocks: some(networks) }), addresses)
    .map(([a, b]) => ({ ...a, ...b }))
    .filter(isSomething);
  return fc.oneof(
    names,
    fc.record({ ipBlocks: some(networks, 1) }),
    fc.record({ principals: some(principals, 1) }),
    fc
      .tuple(
        names,
        addresses,
        fc.record({ remoteIPBlocks: some(networks) }),
        fc.option(not, { nil: undefined }),
      )
      .map(([a, b, c, left]) => ({ ...a, ...b, ...c, ...(left !== undefined && { not: left }) })),
    not
      .map((left) => ({ ...left, remoteIPBlocks: [] }))
      .filter(isSomething)
      .map((left) => ({ not: left })),
  );
}

/** Of a rule's to. requests: by method and path. */
export function requests(
  byRequest: fc.Arbitrary<{ readonly methods?: readonly unknown[]; readonly paths?: readonly unknown[] }>,
): fc.Arbitrary<object> {
  const more = fc.record({ ports: some(ports), hosts: some(hosts), headers: manyHeaders });
  const not = fc.tuple(byRequest, more).map(([a, b]) => ({ ...a, ...b }));
  return fc.oneof(
    byRequest,
    more.filter(isSomething),
    fc
      .tuple(byRequest, more, fc.option(not, { nil: undefined }))
      .map(([a, b, left]) => ({ ...a, ...b, ...(left !== undefined && { not: left }) })),
    not.map((left) => ({ not: left })),
  );
}
