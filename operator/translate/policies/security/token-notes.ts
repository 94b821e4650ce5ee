// What the status of a policy says about tokens: keys that cannot be used, and ports where there are no tokens.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { readKeySet } from '../../../jwks/key-set.ts';
import { rememberEach } from '../../../values/remember.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import { requirementAt } from './authentication.ts';
import { maxSourcesPerNamespace } from './key-sources.ts';

/** Of key sets that stand in the policy. Read once: other policies change, too. */
export const keyProblems = rememberEach(({ spec }: SecurityPolicy): readonly Problem[] =>
  (spec.authentication?.jwt ?? []).flatMap(({ name, jwks }) => {
    if (jwks.inline === undefined) return [];
    const { keys, problems } = readKeySet(jwks.inline);
    if (problems.length === 0) return [];
    const outcome =
      keys.length === 0 ? 'No token of this issuer is valid until you fix it.' : 'The other keys are in use.';
    const message = `jwks of ${name} cannot be used as it is. ${problems.slice(0, 5).join(' ')} ${outcome}`;
    return [{ reason: reason.unsupportedValue, message }];
  }),
);

/** Of providers whose key sets are not fetched. */
export function sourceProblems(names: readonly string[]): readonly Problem[] {
  if (names.length === 0) return [];
  const message = `The SecurityPolicies of the namespace have more than ${maxSourcesPerNamespace} different jwks.uri and issuers with discovery, and those of ${listed(names)} are not fetched: no token of these issuers is valid. Use fewer, or jwks.inline.`;
  return [{ reason: reason.unsupportedValue, message }];
}

/** tcp: the TCP ports of the policy's targets, sorted. Sentences for Accepted. */
export function tokenNotes(policy: SecurityPolicy, tcp: readonly number[]): readonly string[] {
  const closed = tcp.filter((port) => requirementAt(policy, { protocol: 'TCP', port, knownPorts }) !== null);
  const rules = policy.spec.authorization?.rules ?? [];
  const asking = rules.filter(
    ({ action, from }) => action === 'Allow' && from.some(({ jwt }) => jwt !== undefined),
  );
  const notes: string[] = [];
  if (closed.length > 0) {
    notes.push(
      `On TCP port ${portList(closed)}, authentication denies every connection, because a TCP connection has no token. Set appProtocol: http on the Service port if it serves HTTP, or add the port to authentication.exceptions.`,
    );
  }
  if (tcp.length > 0 && asking.length > 0) {
    notes.push(
      `On TCP port ${portList(tcp)}, Allow rule ${listed(asking.map(({ name }) => name))} does not match callers by jwt, because a TCP connection has no token.`,
    );
  }
  return notes;
}

const knownPorts = { has: (): boolean => true };

function portList(ports: readonly number[]): string {
  return listed(ports.map(String));
}
