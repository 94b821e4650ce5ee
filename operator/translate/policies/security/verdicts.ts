// What translation says of each SecurityPolicy.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { MtlsModeIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Verdict } from '../../../conditions/conditions.ts';
import { append } from '../../../values/labels.ts';
import { originOf } from '../../facts/origins.ts';
import type { Protocol } from '../../facts/protocol.ts';
import { acceptedCondition, listed, resolvedRefsCondition } from '../../facts/verdicts.ts';
import { defeatProblems, overriddenCondition } from '../losses.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';
import { asksForRequest, isEmptySource } from './authorization.ts';
import { mtlsOutcomes } from './contests.ts';
import { expressionProblems } from './large-expressions.ts';
import { maxDeniedCallers } from './denied-connections.ts';
import { type Exceeded, exceeded, maxAllowedCallers, maxRuleCharacters } from './port-bounds.ts';
import { keptNotes } from './pod-records.ts';
import { openPorts, unidentifiedNotes } from './unidentified.ts';

/** A port of a sidecar that a policy holds for. */
interface Reached {
  readonly port: number;
  readonly protocol: Protocol;
  readonly mtls: MtlsModeIr;
  /** By all policies of the port. */
  readonly exceeds: Exceeded;
}

export function securityVerdicts(
  attachments: SecurityAttachments,
  workloads: readonly WorkloadIr[],
  unmeshed: ReadonlyMap<SecurityPolicy, readonly string[]>,
): readonly Verdict[] {
  const outcomes = mtlsOutcomes(attachments);
  const reached = portsReached(attachments, workloads);
  const open = openPorts(attachments, workloads);
  return attachments.policies.map((policy) => {
    const outcome = outcomes.get(policy);
    const problems = [
      ...(attachments.problems.get(policy) ?? []),
      ...expressionProblems(policy),
      // Authorization rules add up: nobody takes them away.
      ...(policy.spec.authorization === undefined ? defeatProblems(policy, outcome) : []),
    ];
    return {
      origin: originOf(policy),
      conditions: [
        acceptedCondition(problems, [
          ...ruleNotes(policy, reached.get(nameOf(policy)) ?? []),
          ...unidentifiedNotes(policy, open),
          ...keptNotes(attachments.kept.get(policy), policy.metadata.namespace),
        ]),
        resolvedRefsCondition([]),
        ...overriddenCondition(policy, outcome),
      ],
      unmeshed: unmeshed.get(policy) ?? [],
    };
  });
}

function portsReached(
  attachments: SecurityAttachments,
  workloads: readonly WorkloadIr[],
): ReadonlyMap<string, readonly Reached[]> {
  const reached = new Map<string, Reached[]>();
  const exceededBy = rememberByNames();
  for (const workload of workloads) {
    const attached: readonly Attachment[] = attachments.byWorkload.get(workload.key) ?? [];
    for (const { port, protocol, mtls } of workload.inbound) {
      const holding = new Set(
        attached.filter((attachment) => holdsAt(attachment, port)).map(({ policy }) => policy),
      );
      const exceeds = exceededBy(protocol, [...holding]);
      for (const policy of holding) append(reached, nameOf(policy), { port, protocol, mtls, exceeds });
    }
  }
  return reached;
}

/** Counted once for each group of policies: pods of one Deployment have the same. */
function rememberByNames(): typeof exceeded {
  const known = new Map<string, Exceeded>();
  return (protocol, policies) => {
    const key = `${protocol} ${policies.map(nameOf).join()}`;
    const result = known.get(key) ?? exceeded(protocol, policies);
    known.set(key, result);
    return result;
  };
}

/** Where a rule does less, or more, than it seems to say. */
function ruleNotes(policy: SecurityPolicy, reached: readonly Reached[]): readonly string[] {
  const rules = policy.spec.authorization?.rules ?? [];
  const requestRules = rules.filter(asksForRequest);
  const allow = requestRules.filter(({ action }) => action === 'Allow').map(({ name }) => name);
  const deny = requestRules.filter(({ action }) => action === 'Deny').map(({ name }) => name);
  const tcp = portList(reached.filter(({ protocol }) => protocol === 'TCP'));
  const disabled = portList(reached.filter(({ mtls }) => mtls === 'Disabled'));
  const fromRules = rules
    .filter(({ action, from }) => action === 'Allow' && from.length > 0)
    .map(({ name }) => name);
  const nobody = rules.filter(({ from }) => from.some(isEmptySource)).map(({ name }) => name);

  const notes: string[] = [...boundNotes(rules, reached)];
  if (tcp !== '' && allow.length > 0) {
    notes.push(
      `On TCP port ${tcp}, Allow rule ${listed(allow)} matches nothing, because a TCP connection has no method or path. Set appProtocol: http on the Service port if it serves HTTP, or remove to.`,
    );
  }
  if (tcp !== '' && deny.length > 0) {
    notes.push(
      `On TCP port ${tcp}, Deny rule ${listed(deny)} denies every connection from its callers, because a TCP connection has no method or path. Set appProtocol: http on the Service port if it serves HTTP.`,
    );
  }
  if (disabled !== '' && fromRules.length > 0) {
    notes.push(
      `On port ${disabled}, Allow rule ${listed(fromRules)} matches no caller, because callers have no identity without mutual TLS. Set mtls.mode to Permissive or Strict.`,
    );
  }
  if (nobody.length > 0) {
    notes.push(
      `Rule ${listed(nobody)} has an empty entry in from, which is ignored. Set serviceAccounts or namespaces in it.`,
    );
  }
  return notes;
}

type Rule = NonNullable<SecurityPolicy['spec']['authorization']>['rules'][number];

/** Of policies that have a part in it. */
function boundNotes(rules: readonly Rule[], reached: readonly Reached[]): readonly string[] {
  const portsBeyond = (bound: keyof Exceeded): string =>
    portList(reached.filter(({ exceeds }) => exceeds[bound]));
  const [denied, allowed, all] = [
    portsBeyond('deniedCallers'),
    portsBeyond('allowedCallers'),
    portsBeyond('ruleCharacters'),
  ];
  const names = (action: Rule['action']): boolean =>
    rules.some((rule) => rule.action === action && rule.from.length > 0);
  const notes: string[] = [];
  if (denied !== '' && names('Deny')) {
    notes.push(
      `On TCP port ${denied}, Deny rules list more than ${maxDeniedCallers} callers, so they deny every caller from the same namespaces. If these are more than ${maxDeniedCallers} namespaces, they deny everyone. Use Allow rules for TCP ports instead.`,
    );
  }
  if (allowed !== '' && names('Allow')) {
    notes.push(
      `On TCP port ${allowed}, Allow rules list more than ${maxAllowedCallers} callers, so they match nobody. List namespaces instead of service accounts.`,
    );
  }
  if (all !== '' && rules.length > 0) {
    notes.push(
      `On port ${all}, the rules of all SecurityPolicies together are larger than ${maxRuleCharacters / 1024 ** 2} MiB, so they deny everyone. List namespaces instead of service accounts, or remove rules.`,
    );
  }
  return notes;
}

function portList(reached: readonly Reached[]): string {
  const ports = [...new Set(reached.map(({ port }) => port))].toSorted((a, b) => a - b);
  return listed(ports.map(String));
}

function nameOf({ metadata }: SecurityPolicy): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
