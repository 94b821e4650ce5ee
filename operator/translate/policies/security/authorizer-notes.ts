// What the status of a policy says about its external authorizer: whether there is one, who can answer, and where nobody is asked.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import { holdsAt, type SecurityAttachments } from './attach.ts';
import type { Authorizers } from './authorizer-references.ts';
import { externalDenials } from './external.ts';

/** For ResolvedRefs: whom the policy refers to, and what follows if it is nobody. */
export function authorizerProblems(policy: SecurityPolicy, authorizers: Authorizers): readonly Problem[] {
  const found = authorizers.get(policy);
  if (found === undefined || !('fact' in found)) return [];
  const { reason: why, fact, advice } = found;
  const message = `${fact} Requests that the authorizer would be asked about are denied, whatever failureMode says. ${advice}`;
  return [{ reason: why, message }];
}

export interface KnownAuthorizers {
  readonly found: Authorizers;
  /** Keys of service ports that are asked, and have nobody who answers. */
  readonly silent: readonly string[];
}

/** The same object as before while it says the same. */
export function createSilenceFinder(): (
  found: Authorizers,
  services: readonly ServicePortIr[],
) => KnownAuthorizers {
  let last: KnownAuthorizers = { found: new Map(), silent: [] };
  return (found, services) => {
    const silent = found.size === 0 ? [] : silentAmong(found, services);
    if (last.found !== found || !isSameValue(last.silent, silent)) last = { found, silent };
    return last;
  };
}

function silentAmong(found: Authorizers, services: readonly ServicePortIr[]): readonly string[] {
  const asked = new Set([...found.values()].map((one) => ('fact' in one ? '' : one.service)));
  return services
    .filter(({ key, endpoints }) => asked.has(key) && endpoints.length === 0)
    .map(({ key }) => key);
}

/** For Warning: nobody answers. */
export function silenceWarnings(
  policy: SecurityPolicy,
  { found: authorizers, silent }: KnownAuthorizers,
): readonly Problem[] {
  const found = authorizers.get(policy);
  if (found === undefined || 'fact' in found || !silent.includes(found.service)) return [];
  const outcome =
    policy.spec.authorization?.external?.failureMode === 'Allow'
      ? 'requests pass without being checked, because failureMode is Allow'
      : 'requests are refused with 503';
  const message = `The authorizer ${found.service} has no ready endpoints, so ${outcome}. Start a workload for it.`;
  return [{ reason: reason.authorizerUnavailable, message }];
}

/** tcp: the TCP ports of the policy's targets, sorted. Sentences for Accepted. */
export function authorizerNotes(policy: SecurityPolicy, tcp: readonly number[]): readonly string[] {
  const closed = tcp.filter(
    (port) => externalDenials(policy, 'closed', { protocol: 'TCP', port, knownPorts }).length > 0,
  );
  if (closed.length === 0) return [];
  return [
    `On TCP port ${listed(closed.map(String))}, authorization.external denies every connection, because a TCP connection has no requests. Set appProtocol: http on the Service port if it serves HTTP, or limit external.to to other ports.`,
  ];
}

const knownPorts = { has: (): boolean => true };

/** For Accepted, of each policy: authorizers among what it protects, at whose ports nobody is asked. */
export function sparedNotes(
  { byWorkload }: SecurityAttachments,
  authorizers: Authorizers,
): ReadonlyMap<SecurityPolicy, readonly string[]> {
  return new Map(
    [...authorizers].flatMap(([policy, found]) => {
      if ('fact' in found) return [];
      const places = found.spared.filter((place) => {
        const [workload = '', port = ''] = place.split(' ');
        const attached = byWorkload.get(workload) ?? [];
        return attached.some((one) => one.policy === policy && holdsAt(one, Number(port)));
      });
      return places.length === 0 ? [] : [[policy, [sparedNote(places)]] as const];
    }),
  );
}

function sparedNote(places: readonly string[]): string {
  const ports = places.map((place) => place.slice(place.indexOf('/') + 1).replace(' ', ':'));
  return `Calls to ${listed(ports)} are not checked by the authorizer, because authorizers answer there. Rules apply to them.`;
}
