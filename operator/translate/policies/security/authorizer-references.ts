// The services that external authorizers are: what there is, who is asked, and which policies refer to nothing.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import type { ReferenceGrant } from '../../../objects/objects.ts';
import { rememberEach } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { grantsByNamespace } from '../../facts/reference-grants.ts';
import type { PortView, ServiceViews } from '../../facts/service-view.ts';
import { findServicePort, type ReferableServices, type Unresolved } from '../service-reference.ts';
import { holdsAt, type SecurityAttachments } from './attach.ts';

export type FoundAuthorizer =
  | {
      /** Key of a service port. */
      readonly service: string;
      /**
       * `Pod/shop/opa-1 9191`: ports of workloads that are authorizers themselves, of this policy or of another one of its namespace. It does not
       * guard them: each question would be a call about which somebody is asked.
       */
      readonly spared: readonly string[];
    }
  | Unresolved;

/** Of policies that have one. */
export type Authorizers = ReadonlyMap<SecurityPolicy, FoundAuthorizer>;

const none: Authorizers = new Map();

/** The same object as before while it says the same. */
export function createAuthorizerFinder(): (
  attachments: SecurityAttachments,
  services: ServiceViews,
  grants: readonly ReferenceGrant[],
) => Authorizers {
  let last = none;
  return (attachments, services, grants) => {
    const asking = attachments.policies.filter(({ spec }) => spec.authorization?.external !== undefined);
    if (asking.length === 0) return none;
    const found = findAuthorizers(asking, attachments, {
      services: services.byKey,
      grants: grantsByNamespace(grants),
    });
    if (!isSame(last, found)) last = found;
    return last;
  };
}

function findAuthorizers(
  asking: readonly SecurityPolicy[],
  attachments: SecurityAttachments,
  referable: ReferableServices,
): Authorizers {
  const ports = new Map(asking.map((policy) => [policy, findPort(policy, referable)]));
  const placesOf = rememberEach((policy: SecurityPolicy): readonly string[] => {
    const port = ports.get(policy);
    if (port === undefined || 'fact' in port) return [];
    return port.targets.map((target) => placeName(target.workload.key, target.port));
  });
  const byNamespace = Map.groupBy(asking, namespaceOf);
  const spared = new Map(
    [...byNamespace].map(([namespace, policies]) => {
      return [namespace, [...new Set(policies.flatMap((policy) => placesOf(policy)))].toSorted()] as const;
    }),
  );
  const found = new Map(
    [...ports].map(([policy, port]): [SecurityPolicy, FoundAuthorizer] => [
      policy,
      'fact' in port ? port : { service: port.key, spared: spared.get(namespaceOf(policy)) ?? [] },
    ]),
  );
  const circles = policiesInCircles(found, placesOf, attachments);
  return new Map([...found].map(([policy, one]) => [policy, circles.has(policy) ? inACircle : one]));
}

function findPort(policy: SecurityPolicy, referable: ReferableServices): PortView | Unresolved {
  const own = namespaceOf(policy);
  const { name = '', port = 0, namespace = own } = policy.spec.authorization?.external?.service ?? {};
  return findServicePort(
    { name, port, namespace },
    { kind: policy.kind, namespace: own },
    referable,
    'authorizer',
  );
}

/** Of several namespaces: none of them can be left out, since nobody may take a workload of others out of a policy by declaring it an authorizer. */
const inACircle: Unresolved = {
  reason: reason.conflicted,
  fact: 'The authorizer is protected by a policy whose own authorizer this policy protects, so each would ask the other without end.',
  advice: 'Limit targetRefs or external.to of one of the policies.',
};

/** placesOf: where the authorizer of a policy answers. */
function policiesInCircles(
  found: Authorizers,
  placesOf: (policy: SecurityPolicy) => readonly string[],
  { byWorkload }: SecurityAttachments,
): ReadonlySet<SecurityPolicy> {
  /** Those that are asked about questions to the authorizer of a policy. */
  const next = rememberEach((policy: SecurityPolicy): readonly SecurityPolicy[] =>
    placesOf(policy).flatMap((place) => {
      const [workload = '', port = ''] = place.split(' ');
      return (byWorkload.get(workload) ?? [])
        .filter((attachment) => holdsAt(attachment, Number(port)))
        .map((attachment) => attachment.policy)
        .filter((other) => {
          const authorizer = found.get(other);
          return authorizer !== undefined && 'service' in authorizer && !authorizer.spared.includes(place);
        });
    }),
  );
  return new Set([...found.keys()].filter((policy) => reached(policy, next).has(policy)));
}

function reached<T>(from: T, next: (one: T) => readonly T[]): ReadonlySet<T> {
  const seen = new Set<T>();
  const left = [...next(from)];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    left.push(...next(one));
  }
  return seen;
}

export function placeName(workload: string, port: number | null): string {
  return `${workload} ${port ?? ''}`;
}

function namespaceOf({ metadata }: SecurityPolicy): string {
  return metadata.namespace ?? '';
}

function isSame(before: Authorizers, now: Authorizers): boolean {
  return (
    before.size === now.size && [...now].every(([policy, found]) => isSameValue(before.get(policy), found))
  );
}
