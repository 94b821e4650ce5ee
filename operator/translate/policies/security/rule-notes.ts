// Where a rule does less, or more, than it seems to say: sentences for Accepted.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { MtlsModeIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { append } from '../../../values/labels.ts';
import type { Protocol } from '../../facts/protocol.ts';
import { listed } from '../../facts/verdicts.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';
import { authorizerNotes } from './authorizer-notes.ts';
import type { Rule } from './rule.ts';
import { dependsOnAddress, dependsOnIdentity, isEmptySource } from './callers.ts';
import { maxDeniedCallers } from './denied-connections.ts';
import { type Exceeded, exceeded, maxAllowedCallers, maxRuleCharacters } from './port-bounds.ts';
import { asksForRequest } from './requests.ts';
import { maxNamedPorts, portsNamed } from './rule-ports.ts';
import { tokenNotes } from './token-notes.ts';
import { isOnTrial, trialNotes } from './trial.ts';

/** A port of a sidecar that a policy holds for. */
export interface Reached {
  readonly port: number;
  readonly protocol: Protocol;
  readonly mtls: MtlsModeIr;
  /** By all policies of the port. */
  readonly exceeds: Exceeded;
}

export function portsReached(
  attachments: SecurityAttachments,
  workloads: readonly WorkloadIr[],
): ReadonlyMap<SecurityPolicy, readonly Reached[]> {
  const reached = new Map<SecurityPolicy, Reached[]>();
  const exceededBy = rememberByNames();
  for (const workload of workloads) {
    const attached: readonly Attachment[] = attachments.byWorkload.get(workload.key) ?? [];
    for (const { port, protocol, mtls } of workload.inbound) {
      const holding = new Set(
        attached.filter((attachment) => holdsAt(attachment, port)).map(({ policy }) => policy),
      );
      const exceeds = exceededBy(protocol, [...holding]);
      for (const policy of holding) append(reached, policy, { port, protocol, mtls, exceeds });
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

export function ruleNotes(policy: SecurityPolicy, reached: readonly Reached[]): readonly string[] {
  const rules = policy.spec.authorization?.rules ?? [];
  if (isOnTrial(policy)) {
    const tcpPorts = reached.filter(({ protocol }) => protocol === 'TCP').map(({ port }) => port);
    const tcp = [...new Set(tcpPorts)].toSorted((a, b) => a - b);
    const isLarge = policy.spec.authentication !== undefined;
    return [...(isLarge ? sizeNotes(reached) : []), ...trialNotes(tcp), ...tokenNotes(policy, tcp)];
  }
  const tcp = portList(reached.filter(({ protocol }) => protocol === 'TCP'));
  const disabled = portList(reached.filter(({ mtls }) => mtls === 'Disabled'));
  return [
    ...boundNotes(policy, reached),
    ...(tcp === '' ? [] : [...requestNotes(rules, tcp), ...addressNotes(rules, tcp)]),
    ...tokenNotes(policy, portsOf(reached.filter(({ protocol }) => protocol === 'TCP'))),
    ...authorizerNotes(policy, portsOf(reached.filter(({ protocol }) => protocol === 'TCP'))),
    ...(disabled === '' ? [] : identityNotes(rules, disabled)),
    ...(portsNamed(policy).length > maxNamedPorts ? [manyPorts] : []),
    ...emptyNotes(rules),
  ];
}

/** Of policies that have a part in it. */
function boundNotes({ spec }: SecurityPolicy, reached: readonly Reached[]): readonly string[] {
  const rules = spec.authorization?.rules ?? [];
  const denied = portsBeyond(reached, 'deniedCallers');
  const allowed = portsBeyond(reached, 'allowedCallers');
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
  const asks = spec.authentication !== undefined || spec.authorization?.external !== undefined;
  return rules.length > 0 || asks ? [...notes, ...sizeNotes(reached)] : notes;
}

function sizeNotes(reached: readonly Reached[]): readonly string[] {
  const all = portsBeyond(reached, 'ruleCharacters');
  if (all === '') return [];
  return [
    `On port ${all}, the rules of all SecurityPolicies together are larger than ${maxRuleCharacters / 1024 ** 2} MiB, so they deny everyone. List namespaces instead of service accounts, or remove rules.`,
  ];
}

function portsBeyond(reached: readonly Reached[], bound: keyof Exceeded): string {
  return portList(reached.filter(({ exceeds }) => exceeds[bound]));
}

function requestNotes(rules: readonly Rule[], ports: string): readonly string[] {
  const asking = rules.filter(({ to }) => to.length > 0 && to.every(asksForRequest));
  return [
    ...about(
      asking,
      'Allow',
      (names) =>
        `On TCP port ${ports}, Allow rule ${names} matches nothing, because a TCP connection has no requests. Set appProtocol: http on the Service port if it serves HTTP, or remove to.`,
    ),
    ...about(
      asking,
      'Deny',
      (names) =>
        `On TCP port ${ports}, Deny rule ${names} denies every connection from its callers, because a TCP connection has no requests. Set appProtocol: http on the Service port if it serves HTTP.`,
    ),
  ];
}

function addressNotes(rules: readonly Rule[], ports: string): readonly string[] {
  const asking = rules.filter(({ from }) => from.some(dependsOnAddress));
  return [
    ...about(
      asking,
      'Allow',
      (names) =>
        `On TCP port ${ports}, Allow rule ${names} does not match callers by ipBlocks or remoteIPBlocks, because only identities are compared there. Name service accounts, namespaces or principals.`,
    ),
    ...about(
      asking,
      'Deny',
      (names) =>
        `On TCP port ${ports}, Deny rule ${names} ignores ipBlocks and remoteIPBlocks and denies callers from every address, because only identities are compared there. Name service accounts, namespaces or principals.`,
    ),
  ];
}

function identityNotes(rules: readonly Rule[], ports: string): readonly string[] {
  const naming = rules.filter(({ from }) => from.length > 0 && from.every(dependsOnIdentity));
  return about(
    naming,
    'Allow',
    (names) =>
      `On port ${ports}, Allow rule ${names} matches no caller, because callers have no identity without mutual TLS. Set mtls.mode to Permissive or Strict.`,
  );
}

const manyPorts = `The rules name more than ${maxNamedPorts} ports. Of those without a Service, the ones beyond the first ${maxNamedPorts} cannot be told apart: Allow rules do not match there, and Deny rules ignore ports. Name fewer ports, or add a Service.`;

function emptyNotes(rules: readonly Rule[]): readonly string[] {
  const nobody = rules.filter(({ from }) => from.some(isEmptySource)).map(({ name }) => name);
  if (nobody.length === 0) return [];
  return [
    `Rule ${listed(nobody)} has an empty entry in from, which is ignored. Name callers or networks in it.`,
  ];
}

function about(
  rules: readonly Rule[],
  action: Rule['action'],
  sentence: (names: string) => string,
): readonly string[] {
  const names = rules.filter((rule) => rule.action === action).map(({ name }) => name);
  return names.length === 0 ? [] : [sentence(listed(names))];
}

function portList(reached: readonly Reached[]): string {
  return listed(portsOf(reached).map(String));
}

function portsOf(reached: readonly Reached[]): readonly number[] {
  return [...new Set(reached.map(({ port }) => port))].toSorted((a, b) => a - b);
}

function nameOf({ metadata }: SecurityPolicy): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
