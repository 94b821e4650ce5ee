// Sidecars by the API server itself: a MutatingAdmissionPolicy that adds our part to pods as they are created. Pure. Entry: renderInjectionPolicy.
// The part is the one that renderSidecar makes for templates; what differs from pod to pod is an expression in it. All values stand in the policy: with
// params of any kind, API servers that have just started refuse every pod of the mesh, or freeze.
// @see https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
import { fingerprint } from '../values/fingerprint.ts';
import { injectedKey, injectionPolicyName, optOutLabel } from '../values/own-names.ts';
import { Cel, celLiteral, type CelTexts } from './cel-literal.ts';
import { exclusionKeys } from './exclusion-keys.ts';
import { matchConditions } from './injection-conditions.ts';
import { inboundExclusion, outboundExclusion } from './interception.ts';
import { ownContainers } from './pod-names.ts';
import { enforceLabel } from './preflight.ts';
import { renderSidecar, type SidecarOptions, type SidecarPart } from './sidecar.ts';
import type { CertificateSource } from './certificate-volume.ts';

type Json = Readonly<Record<string, unknown>>;

export interface InjectionPolicyOptions {
  /** drainSeconds: at most. */
  readonly sidecar: Omit<SidecarOptions, 'certificates'>;
  readonly certificates: CertificateSource['type'];
  /** Labels of the namespaces of the mesh. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Namespaces that are never in the mesh. */
  readonly excludedNamespaces: readonly string[];
  /** The Secret with the certificate of a service account. */
  readonly secretOf: (serviceAccount: string) => string;
  /** Service accounts whose Secrets have a name that does not follow from theirs. */
  readonly oddAccounts: readonly string[];
}

/** Stand for what is known of a pod only: nobody can ask for these. */
const marks = {
  account: 'meshwright-of-the-pod',
  drainSeconds: 86_401,
  inboundPort: 70_001,
  outboundPort: 70_002,
  cidrs: { 4: '0.0.0.0/99', 6: '::/199' },
} as const;

export interface RenderedPolicy extends Json {
  /** The annotation has two fingerprints, as that of a template: of the settings, which is the revision of pods, and of the rendering. */
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
}

export function renderInjectionPolicy(options: InjectionPolicyOptions): RenderedPolicy {
  const part = partOf(options);
  const spec = {
    failurePolicy: 'Fail',
    // Whoever else adds a container in front: ours moves back.
    reinvocationPolicy: 'IfNeeded',
    matchConstraints: constraintsOf(options),
    matchConditions,
    variables: [...facts(options), ...variablesOf(part, options.secretOf)],
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: mutationOf(part) } }],
  };
  const revision = `${options.sidecar.revision}.${fingerprint(spec)}`;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: injectionPolicyName, annotations: { [injectedKey]: revision } },
    spec: {
      ...spec,
      variables: [...spec.variables, { name: 'revision', expression: JSON.stringify(revision) }],
    },
  };
}

function constraintsOf({ namespaceLabels, excludedNamespaces }: InjectionPolicyOptions): Json {
  return {
    namespaceSelector: {
      matchLabels: namespaceLabels,
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excludedNamespaces },
        // These refuse our init container, and so the pod.
        { key: enforceLabel, operator: 'NotIn', values: ['baseline', 'restricted'] },
      ],
    },
    objectSelector: { matchExpressions: [{ key: optOutLabel, operator: 'NotIn', values: ['false'] }] },
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
  };
}

const [initName, proxyName] = ownContainers.map((name) => JSON.stringify(name));

/** What is known of a pod. */
function facts({ sidecar, secretOf, oddAccounts }: InjectionPolicyOptions): readonly Json[] {
  const account = "object.spec.?serviceAccountName.orValue('default')";
  const secret = oddAccounts.reduce(
    (others, name) => `${account} == ${JSON.stringify(name)} ? ${JSON.stringify(secretOf(name))} : ${others}`,
    secretOf(marks.account)
      .split(marks.account)
      .map((text) => JSON.stringify(text))
      .join(` + ${account} + `),
  );
  return [
    { name: 'annotations', expression: 'object.metadata.?annotations.orValue({})' },
    { name: 'names', expression: 'object.spec.?initContainers.orValue([]).map(c, c.name)' },
    { name: 'ours', expression: `${initName} in variables.names && ${proxyName} in variables.names` },
    { name: 'secret', expression: secret },
    {
      name: 'drain',
      // Nobody calls the pod of a job; and the API server refuses a sleep beyond the grace period.
      expression:
        "object.metadata.?ownerReferences.orValue([]).exists(o, o.kind == 'Job') ? 0 : " +
        `[${sidecar.drainSeconds}, int(object.spec.?terminationGracePeriodSeconds.orValue(30))].min()`,
    },
    { name: 'inboundPorts', expression: portsIn(exclusionKeys.inboundPorts) },
    { name: 'outboundPorts', expression: portsIn(exclusionKeys.outboundPorts) },
    { name: 'cidrs4', expression: networksOf(4) },
    { name: 'cidrs6', expression: networksOf(6) },
  ];
}

function itemsIn(key: string): string {
  return `variables.annotations[?${JSON.stringify(key)}].orValue('').split(',').map(i, i.trim())`;
}

/**
 * What cannot be read is left out; the ValidatingAdmissionPolicy beside this policy refuses the pod. Without leading zeros, by which iptables would know an
 * octal number.
 */
function portsIn(key: string): string {
  return `${itemsIn(key)}.filter(i, i.matches('^[0-9]{1,5}$')).map(i, string(int(i)))`;
}

function networksOf(family: 4 | 6): string {
  return `${itemsIn(exclusionKeys.outboundCidrs)}.filter(i, isCIDR(i) && cidr(i).ip().family() == ${family})`;
}

/** As text in the rules of our init container, a line for each. */
function textsOf(secretOf: InjectionPolicyOptions['secretOf']): CelTexts {
  return new Map([
    [secretOf(marks.account), 'variables.secret'],
    linesOf('inboundPorts', String(marks.inboundPort), inboundExclusion),
    linesOf('outboundPorts', String(marks.outboundPort), outboundExclusion.port),
    linesOf('cidrs4', marks.cidrs[4], outboundExclusion.cidr),
    linesOf('cidrs6', marks.cidrs[6], outboundExclusion.cidr),
  ]);
}

/** The line that stands for a list of items, and the expression for all of them. */
function linesOf(list: string, mark: string, rule: (item: string) => string): [string, string] {
  const [before = '', after = ''] = rule(mark).split(mark);
  const line = `${JSON.stringify(before)} + i + ${JSON.stringify(`${after}\n`)}`;
  return [`${rule(mark)}\n`, `variables.${list}.map(i, ${line}).join('')`];
}

/** Our part, with marks where pods differ. */
function partOf({ sidecar, certificates, secretOf }: InjectionPolicyOptions): SidecarPart {
  const { interception } = sidecar;
  return renderSidecar(
    {
      ...sidecar,
      certificates:
        certificates === 'Secret'
          ? { type: certificates, secret: secretOf(marks.account) }
          : { type: certificates },
      drainSeconds: marks.drainSeconds,
      interception: {
        ...interception,
        excludeInboundPorts: [...interception.excludeInboundPorts, marks.inboundPort],
        excludeOutboundPorts: [...interception.excludeOutboundPorts, marks.outboundPort],
        excludeOutboundCidrs: [...interception.excludeOutboundCidrs, marks.cidrs[4], marks.cidrs[6]],
      },
    },
    null,
  );
}

/** The part in variables: an error message of the API server repeats the expression that failed, and the mutation is short. */
function variablesOf(part: SidecarPart, secretOf: InjectionPolicyOptions['secretOf']): readonly Json[] {
  const [init, proxy] = part.initContainers.map(ofThePod);
  const texts = textsOf(secretOf);
  return [
    { name: 'init', expression: celLiteral(init, texts) },
    { name: 'proxy', expression: celLiteral(proxy, texts) },
    { name: 'certificates', expression: celLiteral(part.volumes[0], texts) },
  ];
}

function ofThePod(container: Json): Json {
  const { resources, lifecycle, args } = container;
  const drain = String(marks.drainSeconds);
  return {
    ...container,
    // The API server refuses resources of a pod that are less than those of its containers.
    resources: new Cel(`has(object.spec.resources) ? dyn({}) : dyn(${celLiteral(resources)})`),
    ...(lifecycle !== undefined && {
      lifecycle: new Cel(
        `variables.drain > 0 ? dyn(${celLiteral({ preStop: { sleep: { seconds: new Cel('variables.drain') } } })}) : dyn({})`,
      ),
    }),
    ...(Array.isArray(args) && {
      args: args.map((arg) =>
        arg === drain ? new Cel('string(variables.drain < 1 ? 1 : variables.drain)') : (arg as unknown),
      ),
    }),
  };
}

/** One patch, which is applied as a whole or not at all. A list cannot be written anew: parts of the object are no values of patches. */
function mutationOf({ labels, annotations }: SidecarPart): string {
  const { [injectedKey]: _, ...others } = annotations;
  const added = [
    ...Object.entries(labels).map(([key, value]) => addTo('labels', key, celLiteral(value))),
    ...Object.entries(others).map(([key, value]) => addTo('annotations', key, celLiteral(value))),
    addTo('annotations', injectedKey, 'variables.revision'),
  ];
  return `variables.ours ? [
  JSONPatch{op: "move", from: "/spec/initContainers/" + string(variables.names.indexOf(${initName})), path: "/spec/initContainers/0"},
  JSONPatch{op: "move", from: "/spec/initContainers/" + string(variables.names.filter(n, n != ${initName}).indexOf(${proxyName}) + 1), path: "/spec/initContainers/1"}
] :
(has(object.spec.initContainers) ? [] : [JSONPatch{op: "add", path: "/spec/initContainers", value: []}])
+ (has(object.spec.volumes) ? [] : [JSONPatch{op: "add", path: "/spec/volumes", value: []}])
+ (has(object.metadata.labels) ? [] : [JSONPatch{op: "add", path: "/metadata/labels", value: {}}])
+ (has(object.metadata.annotations) ? [] : [JSONPatch{op: "add", path: "/metadata/annotations", value: {}}])
+ [
  JSONPatch{op: "add", path: "/spec/initContainers/0", value: variables.proxy},
  JSONPatch{op: "add", path: "/spec/initContainers/0", value: variables.init},
  JSONPatch{op: "add", path: "/spec/volumes/-", value: variables.certificates},
  ${added.join(',\n  ')}
]`;
}

function addTo(map: 'labels' | 'annotations', key: string, value: string): string {
  return `JSONPatch{op: "add", path: "/metadata/${map}/${key.replaceAll('/', '~1')}", value: ${value}}`;
}
