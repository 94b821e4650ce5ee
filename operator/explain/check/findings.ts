// What is weak in a mesh: who may come without an identity, who may call whatever they like, and what no policy protects. Pure.
// Entry: findingsIn.
import type { AuthorizationIr, InboundPortIr, RuleIr } from '../../ir/inbound.ts';
import type { MeshIr } from '../../ir/mesh-ir.ts';
import { conditionType } from '../../conditions/conditions.ts';
import type { Resources } from '../../store/resources.ts';
import { translate, type Translation } from '../../translate/translate.ts';
import { append } from '../../values/labels.ts';
import { operatorNamespace } from '../../values/own-names.ts';
import { warningsOf } from '../answer.ts';
import { QuestionError } from '../question.ts';
import { expiringCas, expiringOfMesh } from './expiring.ts';
import { type Finding, labelText, listed, ruleText } from './finding.ts';
import type { OperatorView } from './operator-view.ts';
import { type ServedPort, servedPorts } from './served-ports.ts';
import { staleKeys } from './stale-keys.ts';
import { unmeshed } from './unmeshed.ts';
import { deniedRules, unmatchedRules, unreachableRules } from './unused-rules.ts';

export interface Known {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** null: no operator was asked. */
  readonly operator: OperatorView | null;
  /** The manifests of nobody's cluster: keys of issuers are not among them. */
  readonly isImagined: boolean;
}

/** In the order of their types. @throws QuestionError if there is no Mesh */
export function findingsIn(resources: Resources, known: Known): readonly Finding[] {
  const { ir, verdicts } = translate(resources, { operatorNamespace });
  if (ir === null) throw new QuestionError('There is no Mesh, so nothing is in the mesh. Create one.');
  const served = servedPorts(ir);
  const rules = rulesIn(served.map(({ inbound }) => inbound.authorization));
  return [
    ...(ir.workloads.length === 0 ? [nothingMeshed(ir)] : []),
    ...plaintextFindings(served, resources.securityPolicies),
    ...openPorts(served, ({ mtls }) => mtls === 'Staged').map(staged),
    ...openPorts(served, isUnguarded).map(anyCaller),
    ...rules.allow.filter(isForAll).map(allowsAll),
    ...[...rules.allow, ...rules.deny].filter((rule) => matchesNobody(rule, ir)).map(matchesNobodyFinding),
    ...unusedRules(ir, served, known),
    ...unmeshed(ir, served, known.operator),
    ...[...warningsOf(verdicts), ...loginsNotReady(verdicts)].map((message): Finding => ({
      type: 'NotInEffect',
      message,
    })),
    ...(known.isImagined ? [] : staleKeys(resources, known.nowMs)),
    ...expiringCas(resources, known.nowMs),
    ...expiringOfMesh(known.operator?.certificates ?? [], {
      nowMs: known.nowMs,
      workloadTtlMs: ir.settings.certificates.ttlMs,
    }),
  ];
}

/** Each rule once: what is certain says more than that nobody came. */
function unusedRules(ir: MeshIr, served: readonly ServedPort[], { operator }: Known): readonly Finding[] {
  const found = [
    ...deniedRules(ir),
    ...unreachableRules(ir, served),
    ...(operator === null ? [] : unmatchedRules(ir, operator)),
  ];
  return [...Map.groupBy(found, ({ rule }) => rule).values()].flatMap(([first]) =>
    first === undefined ? [] : [{ type: 'UnusedRule' as const, message: first.message }],
  );
}

function loginsNotReady(verdicts: Translation['verdicts']): readonly string[] {
  return verdicts.flatMap(({ origin: { namespace, name }, conditions }) =>
    conditions.flatMap(({ type, status, message }) =>
      type === conditionType.loginReady && status === 'False'
        ? [`The login of SecurityPolicy ${namespace}/${name} is not ready: ${message}`]
        : [],
    ),
  );
}

function nothingMeshed({ settings }: MeshIr): Finding {
  return {
    type: 'NoSidecar',
    message: `No workload has a sidecar, so no policy is enforced. Add the label ${labelText(settings)} to a namespace.`,
  };
}

interface OpenPorts {
  readonly namespace: string;
  /** `reviews:9080`, sorted. */
  readonly ports: readonly string[];
}

/** By namespace: one policy there can end it. */
function openPorts(
  served: readonly ServedPort[],
  isOpen: (port: InboundPortIr) => boolean,
): readonly OpenPorts[] {
  const byNamespace = new Map<string, string[]>();
  for (const { service, inbound } of served)
    if (isOpen(inbound)) append(byNamespace, service.namespace, `${service.service}:${service.port}`);
  return [...byNamespace].map(([namespace, ports]) => ({
    namespace,
    ports: [...new Set(ports)].toSorted(),
  }));
}

/** Where tokens are Optional, who has none may come. */
function isUnguarded({ authorization, authentication, authorizers }: InboundPortIr): boolean {
  const { allow, deny } = authorization;
  const needsToken = authentication !== null && authentication.required.length > 0;
  return allow === 'all' && deny.length === 0 && !needsToken && authorizers.length === 0;
}

/** What a policy says of a port by itself, no policy for the Namespace ends. */
function plaintextFindings(
  served: readonly ServedPort[],
  policies: Resources['securityPolicies'],
): readonly Finding[] {
  const open = served.filter(({ inbound: { mtls } }) => mtls === 'Permissive' || mtls === 'Disabled');
  const by = Map.groupBy(open, ({ inbound }) => openedBy(inbound, policies));
  return [...by].flatMap(([policy, ports]) =>
    openPorts(ports, () => true).map((one) => (policy === null ? plaintext(one) : opened(one, policy))),
  );
}

/** `SecurityPolicy shop/metrics`; null: none names the port. */
function openedBy(
  { port, mtls, origins }: InboundPortIr,
  policies: Resources['securityPolicies'],
): string | null {
  const origin = origins.find(({ kind, namespace, name }) =>
    policies.some(
      ({ metadata, spec }) =>
        kind === 'SecurityPolicy' &&
        metadata.namespace === namespace &&
        metadata.name === name &&
        spec.mtls?.ports.some((one) => one.port === port && one.mode === mtls) === true,
    ),
  );
  return origin === undefined ? null : `SecurityPolicy ${origin.namespace}/${origin.name}`;
}

function opened({ namespace, ports }: OpenPorts, policy: string): Finding {
  return {
    type: 'Plaintext',
    message:
      `Namespace ${namespace}: ${listed(ports)} may be called in plaintext, because ${policy} says so in mtls.ports. ` +
      'When all callers have a sidecar, remove the port there.',
  };
}

function plaintext({ namespace, ports }: OpenPorts): Finding {
  return {
    type: 'Plaintext',
    message:
      `Namespace ${namespace}: ${listed(ports)} may be called in plaintext, by callers without an identity. ` +
      'When all callers have a sidecar, set mtls.mode: Strict in a SecurityPolicy for the Namespace.',
  };
}

function staged({ namespace, ports }: OpenPorts): Finding {
  return {
    type: 'Plaintext',
    message:
      `Namespace ${namespace}: ${listed(ports)} may be called in plaintext until nobody does any more (mtls.transition). ` +
      'The condition Programmed of the policy or Mesh that sets mode Strict names the callers.',
  };
}

function anyCaller({ namespace, ports }: OpenPorts): Finding {
  return {
    type: 'AnyCaller',
    message:
      `Namespace ${namespace}: anybody may call ${listed(ports)}. ` +
      'Allow callers by a SecurityPolicy; try it with authorization.enforcement: Audit first.',
  };
}

/** Each once. */
function rulesIn(all: readonly AuthorizationIr[]): Readonly<Record<'allow' | 'deny', readonly RuleIr[]>> {
  return {
    allow: eachOnce(all.flatMap(({ allow }) => (allow === 'all' ? [] : allow))),
    deny: eachOnce(all.flatMap(({ deny }) => deny)),
  };
}

function eachOnce(rules: readonly RuleIr[]): readonly RuleIr[] {
  return [...new Map(rules.map((rule) => [rule.id, rule])).values()];
}

function isForAll({ callers, requests }: RuleIr): boolean {
  return callers === 'anyone' && requests === 'any';
}

function allowsAll({ id }: RuleIr): Finding {
  return {
    type: 'AllowsAll',
    message: `${ruleText(id)} allows everything to everybody. Name callers in from, or requests in to.`,
  };
}

/** Every caller that it names is an identity that nobody has. A Deny rule may take those who have none for any. */
function matchesNobody({ callers, unidentified }: RuleIr, { identities }: MeshIr): boolean {
  if (callers === 'anyone' || unidentified) return false;
  return callers.every((caller) => {
    if (caller.identities === 'any') return false;
    const { spiffeIds, spiffePrefixes, foreignIds } = caller.identities;
    const isKnown = identities.some(
      ({ spiffeId }) =>
        spiffeIds.includes(spiffeId) || spiffePrefixes.some((prefix) => spiffeId.startsWith(prefix)),
    );
    return foreignIds.length === 0 && !isKnown;
  });
}

function matchesNobodyFinding({ id }: RuleIr): Finding {
  return {
    type: 'MatchesNobody',
    message: `${ruleText(id)} matches nobody: no workload with a sidecar has such an identity. Correct its callers, or remove it.`,
  };
}
