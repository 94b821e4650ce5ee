// Our own objects by origin, for statuses that say where in an object a mistake is. Indexed only when somebody asks.
import { originText } from '../ir/origin.ts';
import type { SpecifiedOf } from '../status/blame.ts';
import type { Specified } from '../status/spec-entries.ts';
import type { Resources } from '../store/resources.ts';
import { rememberEach } from '../values/remember.ts';

type Objects = Pick<Resources, 'trafficPolicies' | 'securityPolicies' | 'externalWorkloads'>;

const byOrigin = rememberEach((resources: Objects): ReadonlyMap<string, Specified> => {
  const { trafficPolicies, securityPolicies, externalWorkloads } = resources;
  return new Map(
    [...trafficPolicies, ...securityPolicies, ...externalWorkloads].map((object) => {
      const { namespace = '', name, generation = 0 } = object.metadata;
      return [originText({ kind: object.kind, namespace, name, generation }), object];
    }),
  );
});

/** Answers for the objects as they are now: an origin of another generation has none. */
export function specifiedIn(resources: Objects | null): SpecifiedOf {
  return (origin) => (resources === null ? undefined : byOrigin(resources).get(originText(origin)));
}
