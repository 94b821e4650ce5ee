// External authorizers in SecurityPolicies, at random: some exist, some do not.
import * as fc from 'fast-check';

interface Pools {
  readonly namespaces: readonly string[];
  readonly services: readonly string[];
  readonly ports: readonly number[];
}

/** request: as `to` of a rule has them. */
export function externalAuthorizer(
  { namespaces, services, ports }: Pools,
  request: fc.Arbitrary<object>,
): fc.Arbitrary<object> {
  const service = fc.record(
    {
      name: fc.constantFrom(...services),
      port: fc.constantFrom(...ports),
      namespace: fc.constantFrom(...namespaces),
    },
    { requiredKeys: ['name', 'port'] },
  );
  const common = {
    service,
    timeout: fc.constantFrom('10ms', '1s', '30s'),
    failureMode: fc.constantFrom('Deny', 'Allow'),
    forwardBody: fc.record({ maxBytes: fc.constantFrom(1, 1_048_576), partial: fc.boolean() }),
    allowedHeaders: fc.subarray(['cookie', 'X-Request-Id']),
    upstreamHeaders: fc.subarray(['Authorization', 'x-user', 'x-user-level']),
    to: fc.array(request, { maxLength: 2 }),
  };
  const requiredKeys = ['service', 'protocol'] as const;
  return fc.oneof(
    fc.record({ ...common, protocol: fc.constant('GRPC') }, { requiredKeys: [...requiredKeys] }),
    fc.record(
      {
        ...common,
        protocol: fc.constant('HTTP'),
        pathPrefix: fc.constantFrom('/auth', '/a/b.c'),
        responseHeaders: fc.subarray(['set-cookie', 'X-More']),
      },
      { requiredKeys: [...requiredKeys] },
    ),
  );
}
