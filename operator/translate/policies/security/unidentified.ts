// Callers without mutual TLS, at ports that accept plaintext: no rule can name them, so a Deny rule that names callers either
// refuses all of them or can be evaded by leaving the certificate away. What a policy does about that, its status says.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { type InboundPortIr, mayBeUnidentified } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { listed } from '../../facts/verdicts.ts';
import { holdsAt, type SecurityAttachments } from './attach.ts';
import type { Rule } from './rule.ts';
import { dependsOnIdentity } from './callers.ts';

/** null: the ports that no Service names. */
type OpenPorts = ReadonlyMap<SecurityPolicy, ReadonlySet<number | null>>;

/** Where nothing but Deny rules could refuse plaintext callers; of policies with a Deny rule that names callers. */
export function openPorts(
  { byWorkload, policies }: SecurityAttachments,
  workloads: readonly WorkloadIr[],
): OpenPorts {
  const open = new Map(
    policies
      .filter((policy) => namingDenyRules(policy).length > 0)
      .map((policy) => [policy, new Set<number | null>()]),
  );
  if (open.size === 0) return open;
  for (const workload of workloads) {
    const ports = portsOf(workload).filter(admitsPlaintext);
    for (const attachment of byWorkload.get(workload.key) ?? []) {
      const held = ports.filter(({ port }) => holdsAt(attachment, port));
      held.forEach(({ port }) => open.get(attachment.policy)?.add(port));
    }
  }
  return open;
}

type Guarded = Pick<InboundPortIr, 'mtls' | 'authorization'> & { readonly port: number | null };

function portsOf({ inbound, otherInbound, intercepted }: WorkloadIr): readonly Guarded[] {
  return intercepted ? [...inbound, { port: null, ...otherInbound }] : inbound;
}

function admitsPlaintext({ mtls, authorization: { allow } }: Guarded): boolean {
  return mtls !== 'Strict' && (allow === 'all' || allow.some(mayBeUnidentified));
}

function namingDenyRules({ spec }: SecurityPolicy): readonly Rule[] {
  const rules = spec.authorization?.enforcement === 'Audit' ? [] : (spec.authorization?.rules ?? []);
  return rules.filter(({ action, from }) => action === 'Deny' && from.some(dependsOnIdentity));
}

/** A sentence for Accepted; none where no port accepts plaintext. */
export function unidentifiedNotes(policy: SecurityPolicy, open: OpenPorts): readonly string[] {
  const ports = open.get(policy);
  if (ports === undefined || ports.size === 0) return [];
  const where = `On ${placesOf(ports)}, Deny rule ${listed(namingDenyRules(policy).map(({ name }) => name))}`;
  return policy.spec.authorization?.unidentified === 'Ignore'
    ? [
        `${where} does not apply to callers without mutual TLS, so the callers it lists can bypass it with plaintext. Set authorization.unidentified to Deny, or mtls.mode to Strict.`,
      ]
    : [
        `${where} also denies callers without mutual TLS, because they have no identity. To let them through, set authorization.unidentified to Ignore.`,
      ];
}

function placesOf(ports: ReadonlySet<number | null>): string {
  const numbers = [...ports].filter((port) => port !== null).toSorted((a, b) => a - b);
  return numbers.length === 0 ? 'ports without a Service' : `port ${listed(numbers.map(String))}`;
}
