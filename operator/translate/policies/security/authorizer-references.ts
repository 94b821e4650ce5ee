// The services that external authorizers are: what there is, who is asked, and which policies refer to nothing.
import type { ExternalAuthorizer } from '../../../../api/v1alpha1/security/external-authorizer.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { ReferenceGrant } from '../../../objects/objects.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { grantsByNamespace } from '../../facts/reference-grants.ts';
import type { ServiceViews } from '../../facts/service-view.ts';
import { findServicePort, type Unresolved } from '../service-reference.ts';

export type FoundAuthorizer =
  | {
      /** Key of a service port. */
      readonly service: string;
      /** `Pod/shop/opa-1 9191`: ports of workloads that are the authorizer themselves, and are not guarded by it. */
      readonly own: readonly string[];
    }
  | Unresolved;

/** Of policies that have one. */
export type Authorizers = ReadonlyMap<SecurityPolicy, FoundAuthorizer>;

const none: Authorizers = new Map();

/** The same object as before while it says the same. */
export function createAuthorizerFinder(): (
  policies: readonly SecurityPolicy[],
  services: ServiceViews,
  grants: readonly ReferenceGrant[],
) => Authorizers {
  let last = none;
  return (policies, services, grants) => {
    const asking = policies.filter(({ spec }) => spec.authorization?.external !== undefined);
    if (asking.length === 0) return none;
    const referable = { services: services.byKey, grants: grantsByNamespace(grants) };
    const found = new Map(
      asking.flatMap((policy) => {
        const external = policy.spec.authorization?.external;
        return external === undefined ? [] : [[policy, findAuthorizer(external, policy, referable)] as const];
      }),
    );
    if (!isSame(last, found)) last = found;
    return last;
  };
}

function findAuthorizer(
  { service }: ExternalAuthorizer,
  { metadata, kind }: SecurityPolicy,
  referable: Parameters<typeof findServicePort>[2],
): FoundAuthorizer {
  const own = metadata.namespace ?? '';
  const { name, port, namespace = own } = service;
  const found = findServicePort({ name, port, namespace }, { kind, namespace: own }, referable, 'authorizer');
  if ('fact' in found) return found;
  return {
    service: found.key,
    own: found.targets.map((target) => placeName(target.workload.key, target.port)).toSorted(),
  };
}

export function placeName(workload: string, port: number | null): string {
  return `${workload} ${port ?? ''}`;
}

function isSame(before: Authorizers, now: Authorizers): boolean {
  return (
    before.size === now.size && [...now].every(([policy, found]) => isSameValue(before.get(policy), found))
  );
}
