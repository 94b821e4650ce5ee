// A question about a mesh → its answer. Pure. Entry: explainerOf.
import { originKey } from '../ir/origin.ts';
import { buildResources } from '../envoy/resources/build.ts';
import { authority, isEgressCluster } from '../envoy/resources/names.ts';
import type { MeshIr, WorkloadIr } from '../ir/mesh-ir.ts';
import type { RouteIr } from '../ir/route.ts';
import { seenBy, type ServicePortIr } from '../ir/service.ts';
import type { Resources } from '../store/resources.ts';
import { operatorNamespace } from '../values/own-names.ts';
import { translate, type Translation } from '../translate/translate.ts';
import type { AccessAtServers } from './access/access.ts';
import { accessAtServers } from './access/at-servers.ts';
import { evaluate } from './evaluate.ts';
import type { Backend, Explanation, LimitAtServers } from './explanation.ts';
import { outsidersIn, withoutSidecar } from './outsiders.ts';
import { type ProxyConfig, proxyConfig } from './proxy-config.ts';
import { type Asked, ask, type Outsider, type Question, QuestionError } from './question.ts';
import { limitsOfServers, serversIn } from './servers.ts';
import { connectionSources, nameOf, settingSources, type Source, sourcesOf, type SpecOf } from './sources.ts';

export interface Answer {
  readonly question: Question;
  /** `Pod/shop/productpage-1`, or an address. */
  readonly caller: string;
  /** `shop/reviews/9080`; null: no service of the mesh. */
  readonly service: string | null;
  /** Where the caller connects to: `10.96.0.1:9080`. */
  readonly address: string;
  readonly explanation: Explanation;
  /** What may refuse it at the sidecars of servers, in the order in which each is asked. */
  readonly limits: readonly LimitAtServers[];
  /** Whether they let it in. Empty: nobody is known who would answer. */
  readonly access: readonly AccessAtServers[];
  /** By what users write; what is absent is a default. */
  readonly sources: Readonly<Record<string, Source>>;
}

/** @throws QuestionError where there is no such call */
export type Explain = (question: Question) => Answer;

export interface Explainer {
  readonly explain: Explain;
  /** Objects that are not in effect, or hardly as they are meant: full sentences. */
  readonly warnings: readonly string[];
}

/**
 * @param nowMs when the call is made, in milliseconds since 1970; null: times of tokens are not compared
 * @throws QuestionError if there is no Mesh
 */
export function explainerOf(resources: Resources, nowMs: number | null = null): Explainer {
  const { ir, verdicts } = translate(resources, { operatorNamespace });
  if (ir === null) throw new QuestionError('There is no Mesh, so nothing is in the mesh. Create one.');
  const known = { specOf: specsIn(resources), outsiders: outsidersIn(resources, ir), nowMs };
  return { explain: createExplain(ir, known), warnings: warningsOf(verdicts) };
}

interface Known {
  readonly specOf: SpecOf;
  readonly outsiders: readonly Outsider[];
  readonly nowMs: number | null;
}

function createExplain(ir: MeshIr, { specOf, outsiders, nowMs }: Known): Explain {
  // Its content is for nobody to read: nothing is encoded.
  const resources = buildResources(ir, { trustBundle: '' });
  const serverAt = serversIn(ir);
  const configOf = (workload: WorkloadIr): ProxyConfig => proxyConfig(resources, workload.key);
  const reached = { serverAt, configOf, specOf, mesh: ir.settings.origin };
  return (question) => {
    const asked = ask(ir, question, outsiders);
    const { caller, service, call, name, addresses } = asked;
    const explanation = caller === null ? withoutSidecar(asked) : evaluate(configOf(caller), call);
    const spiffeId = caller?.identity.spiffeId ?? null;
    const calling = { call, explanation, addresses, spiffeId, token: question.token ?? null, nowMs };
    return {
      question,
      caller: name,
      service: service?.key ?? null,
      address: authority(call.address, call.port),
      explanation,
      limits: limitsOfServers(explanation, call, spiffeId, reached),
      access: accessAtServers({ ...calling, speaksHttp: service?.protocol !== 'TCP' }, reached),
      sources:
        caller === null ? {} : sourcesFor(asked, caller, { explanation, specOf, settings: ir.settings }),
    };
  };
}

interface Explained {
  readonly explanation: Explanation;
  readonly specOf: SpecOf;
  readonly settings: MeshIr['settings'];
}

/** What the Mesh says of destinations that are no Service. */
function outsideSources({ outcome }: Explanation, { origin }: MeshIr['settings']): Answer['sources'] {
  const backends = outcome.type === 'Closed' ? [] : backendsOf(outcome);
  const isListed = backends.some(({ cluster }) => isEgressCluster(cluster));
  return { routes: { object: nameOf(origin), field: `spec.outbound.${isListed ? 'hosts' : 'mode'}` } };
}

function backendsOf(outcome: Exclude<Explanation['outcome'], { type: 'Closed' }>): readonly Backend[] {
  if (outcome.type !== 'Http') return outcome.backends;
  return outcome.action.type === 'Forward' ? outcome.action.backends : [];
}

function sourcesFor(
  { service, call }: Asked,
  caller: WorkloadIr,
  { explanation, specOf, settings }: Explained,
): Answer['sources'] {
  if (service === null) return outsideSources(explanation, settings);
  const reached = seenBy(service, caller.audience);
  return {
    ...settingSources(reached.destination.setBy),
    ...(explanation.outcome.type === 'Tcp'
      ? connectionSources(reached, call.serverName)
      : sourcesOf(routeOf(service, caller, explanation), specOf)),
  };
}

function specsIn({ trafficPolicies, securityPolicies }: Resources): SpecOf {
  const specs = new Map(
    [...trafficPolicies, ...securityPolicies].map(({ kind, metadata, spec }) => [
      originKey({ kind, namespace: metadata.namespace ?? '', name: metadata.name }),
      spec as unknown,
    ]),
  );
  return (origin) => specs.get(originKey(origin));
}

/** Objects that are not in effect, or hardly as they are meant: full sentences. */
export function warningsOf(verdicts: Translation['verdicts']): readonly string[] {
  return verdicts.flatMap(({ origin, conditions }) =>
    conditions.flatMap(({ type, status, message }) => {
      if (type === 'Warning') return [`${nameOf(origin)}: ${message}`];
      const isAbout = type === 'Accepted' || type === 'ResolvedRefs';
      return isAbout && status === 'False' ? [`${nameOf(origin)} is not ${type}: ${message}`] : [];
    }),
  );
}

function routeOf(
  service: ServicePortIr | null,
  { audience }: WorkloadIr,
  { outcome }: Explanation,
): RouteIr | null {
  if (service === null || outcome.type !== 'Http') return null;
  const { byAudience, default: everybody } = service.routes;
  const routes = byAudience.find((one) => one.audience === audience)?.routes ?? everybody;
  return routes.find(({ name }) => name === outcome.route) ?? null;
}

/** Whether the sidecar of somebody who may answer refuses the call. */
export function isRefused({ access }: Answer): boolean {
  return access.some((one) => one.access?.verdict.type === 'Refused');
}

/** Whether the call reaches somebody, as far as the mesh decides it. */
export function succeeds({ outcome }: Explanation): boolean {
  if (outcome.type === 'Closed') return false;
  if (outcome.type === 'Tcp' || outcome.type === 'Direct') return outcome.backends.every(isServed);
  const { action, cors } = outcome;
  if (cors?.isPreflight === true && !cors.isAllowed) return false;
  if (action.type === 'Forward') return action.backends.every(isServed);
  return action.type === 'Redirect' || action.status < 400;
}

function isServed({ endpoints, share }: { endpoints: readonly unknown[] | null; share: number }): boolean {
  return share === 0 || endpoints === null || endpoints.length > 0;
}
