// What the status of a policy says about its external authorizer: whether there is one, who can answer, and where nobody is asked.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import { holdsAt, type SecurityAttachments } from './attach.ts';
import type { Authorizers, FoundAuthorizer } from './authorizer-references.ts';
import type { AuthorizerState } from './authorizer-state.ts';
import { externalDenials } from './external.ts';

/** For ResolvedRefs: whom the policy refers to, and what follows if it is nobody. */
export function authorizerProblems(policy: SecurityPolicy, authorizers: Authorizers): readonly Problem[] {
  const found = authorizers.get(policy);
  if (found === undefined || !('fact' in found)) return [];
  const { reason: why, fact, advice } = found;
  const message = `${fact} Requests that the authorizer would be asked about are denied, whatever failureMode says. ${advice}`;
  return [{ reason: why, message }];
}

/** For Warning: nobody answers, or nobody may ask. */
export function authorizerWarnings(
  { spec }: SecurityPolicy,
  found: FoundAuthorizer | undefined,
  { silent, denied }: AuthorizerState,
): readonly Problem[] {
  if (found === undefined || 'fact' in found) return [];
  const { service } = found;
  const open = spec.authorization?.external?.failureMode === 'Allow';
  const outcome = open
    ? 'requests pass without being checked, because failureMode is Allow'
    : 'requests are refused';
  const accounts = denied[service] ?? [];
  const messages: string[] = [];
  if (silent.includes(service))
    messages.push(
      `The authorizer ${service} has no ready endpoints, so ${outcome}. Start a workload for it.`,
    );
  if (accounts.length > 0)
    messages.push(
      `SecurityPolicies deny what ${listed(accounts)} asks the authorizer ${service}. Allow these service accounts there.`,
    );
  return messages.map((message) => ({ reason: reason.authorizerUnavailable, message }));
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
