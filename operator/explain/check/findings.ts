// What is weak in a mesh: who may come without an identity, who may call whatever they like, and what no policy protects. Pure.
// Entry: findingsIn.
import type { AuthorizationIr, InboundPortIr, RuleIr } from '../../ir/inbound.ts';
import type { MeshIr, WorkloadIr } from '../../ir/mesh-ir.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import type { Resources } from '../../store/resources.ts';
import { translate } from '../../translate/translate.ts';
import { append } from '../../values/labels.ts';
import { operatorNamespace } from '../../values/own-names.ts';
import { warningsOf } from '../answer.ts';
import { QuestionError } from '../question.ts';

export interface Finding {
  readonly type: 'Plaintext' | 'AnyCaller' | 'AllowsAll' | 'MatchesNobody' | 'NoSidecar' | 'NotInEffect';
  /** What is wrong, and what to do: full sentences. */
  readonly message: string;
}

/** In the order of their types. @throws QuestionError if there is no Mesh */
export function findingsIn(resources: Resources): readonly Finding[] {
  const { ir, verdicts } = translate(resources, { operatorNamespace });
  if (ir === null) throw new QuestionError('There is no Mesh, so nothing is in the mesh. Create one.');
  const served = servedPorts(ir);
  const rules = rulesIn(served.map(({ inbound }) => inbound.authorization));
  return [
    ...(ir.workloads.length === 0 ? [nothingMeshed(ir)] : []),
    ...openPorts(served, ({ mtls }) => mtls === 'Permissive' || mtls === 'Disabled').map(plaintext),
    ...openPorts(served, ({ mtls }) => mtls === 'Staged').map(staged),
    ...openPorts(served, isUnguarded).map(anyCaller),
    ...rules.allow.filter(isForAll).map(allowsAll),
    ...rules.allow.filter((rule) => matchesNobody(rule, ir)).map(matchesNobodyFinding),
    ...unmeshed(ir, served),
    ...warningsOf(verdicts).map((message): Finding => ({ type: 'NotInEffect', message })),
  ];
}

/** A port of a Service, and the port of a workload with a sidecar that it leads to. */
interface ServedPort {
  readonly service: ServicePortIr;
  readonly inbound: InboundPortIr;
}

function servedPorts({ services, workloads }: MeshIr): readonly ServedPort[] {
  const byKey = new Map(workloads.map((workload) => [workload.key, workload]));
  return services.flatMap((service) =>
    service.endpoints.flatMap(({ workload, port }) => {
      const inbound = byKey.get(workload)?.inbound.find((one) => one.port === port);
      return inbound === undefined ? [] : [{ service, inbound }];
    }),
  );
}

function nothingMeshed({ settings }: MeshIr): Finding {
  return {
    type: 'NoSidecar',
    message: `No workload has a sidecar, so no policy is enforced. Add the label ${labelText(settings)} to a namespace.`,
  };
}

/** Of namespaces whose workloads get one. */
function labelText({ sidecar }: MeshIr['settings']): string {
  return Object.entries(sidecar.namespaceLabels)
    .map((pair) => pair.join('='))
    .join(',');
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
function rulesIn(all: readonly AuthorizationIr[]): { readonly allow: readonly RuleIr[] } {
  const allow = all.flatMap((one) => (one.allow === 'all' ? [] : one.allow));
  return { allow: [...new Map(allow.map((rule) => [rule.id, rule])).values()] };
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

/** Of an Allow rule: every caller that it names is an identity that nobody has. */
function matchesNobody({ callers }: RuleIr, { identities }: MeshIr): boolean {
  if (callers === 'anyone') return false;
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

/** Of `shop/reviews/from-page`. */
function ruleText(id: string): string {
  const [namespace = '', policy = '', ...rule] = id.split('/');
  return `Rule ${rule.join('/')} of SecurityPolicy ${namespace}/${policy}`;
}

/** Pods without a sidecar that get calls for a Service of which others have one, or that is in a namespace of the mesh. */
function unmeshed(
  { services, workloads, settings }: MeshIr,
  served: readonly ServedPort[],
): readonly Finding[] {
  const meshed = new Set(workloads.map(({ key }: WorkloadIr) => key));
  const namespaces = new Set([
    ...workloads.map(({ namespace }) => namespace),
    ...served.map(({ service }) => service.namespace),
  ]);
  const byService = new Map<string, string[]>();
  for (const { namespace, service, endpoints } of services) {
    if (!namespaces.has(namespace)) continue;
    for (const { workload, address } of endpoints)
      if (!meshed.has(workload))
        append(
          byService,
          `${namespace}/${service}`,
          workload === '' ? address : workload.split('/').slice(1).join('/'),
        );
  }
  return [...byService].map(([service, names]) => ({
    type: 'NoSidecar',
    message:
      `Service ${service} has endpoints without a sidecar: ${listed([...new Set(names)].toSorted())}. Calls to them are plaintext, and no policy protects them. ` +
      `Restart the pods in a namespace with the label ${labelText(settings)}.`,
  }));
}

const mostNamed = 10;

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return more > 0 ? `${names.slice(0, mostNamed).join(', ')} and ${more} more` : names.join(', ');
}
