// The table of our kinds: what the CRD generator, the offline check and the platforms need to know of each.
import { z } from 'zod';
import { PolicyStatus } from './common.ts';
import { type ExternalWorkload, ExternalWorkloadSpec } from './external-workload.ts';
import { type Mesh, MeshSpec, MeshStatus } from './mesh.ts';
import { type SecurityPolicy, SecurityPolicySpec } from './security/policy.ts';
import { SecurityPolicyStatus } from './security/status.ts';
import { type TrafficPolicy, TrafficPolicySpec } from './traffic/policy.ts';
import { TrafficPolicyStatus } from './traffic/status.ts';

/** Any object a user writes. */
export type MeshwrightObject = Mesh | TrafficPolicy | SecurityPolicy | ExternalWorkload;
export type MeshwrightKind = MeshwrightObject['kind'];

/** A column of `kubectl get`. @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer';
  /** One simple JSONPath: the API server prints only the first value of a longer one. */
  readonly jsonPath: string;
  readonly description: string;
  /** 1: only with -o wide. */
  readonly priority?: number;
}

/** The status of any of these: that of a policy may have what only one kind of them has. */
export const AnyStatus = z.union([
  MeshStatus,
  SecurityPolicyStatus.extend({ quotas: TrafficPolicyStatus.shape.quotas }),
]);
export type AnyStatus = z.infer<typeof AnyStatus>;

export interface KindDefinition {
  readonly kind: MeshwrightKind;
  /**
   * What its objects are: the settings of the mesh, which shape nearly everything and are never to blame for one resource; a
   * policy, which is counted among the policies of the Mesh; or a workload, of which there is something to say by itself.
   */
  readonly role: 'settings' | 'policy' | 'workload';
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: 'Cluster' | 'Namespaced';
  readonly description: string;
  readonly spec: z.ZodObject;
  readonly status: z.ZodObject;
  readonly columns: readonly PrinterColumn[];
}

function conditionColumn(type: string, description: string): PrinterColumn {
  const jsonPath = `.status.conditions[?(@.type=="${type}")].status`;
  return { name: type.toUpperCase(), type: 'string', jsonPath, description };
}

const accepted = conditionColumn('Accepted', 'Whether the object is valid and has a target.');
const programmed = conditionColumn(
  'Programmed',
  'Whether every proxy that the object applies to obeys its current generation.',
);
const reason: PrinterColumn = {
  name: 'REASON',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Programmed")].reason',
  description: 'Reason of the condition Programmed.',
  priority: 1,
};
const warning: PrinterColumn = {
  name: 'WARNING',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Warning")].reason',
  description: 'Reason of the condition Warning; empty if there is nothing to warn of.',
  priority: 1,
};
/** A sentence: the last column. */
const overridden: PrinterColumn = {
  name: 'OVERRIDDEN',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Overridden")].message',
  description: 'What other objects override, and which do; empty if none does.',
  priority: 1,
};
const age: PrinterColumn = {
  name: 'AGE',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
};

function proxies(description: string): PrinterColumn {
  return { name: 'PROXIES', type: 'string', jsonPath: '.status.proxies.summary', description };
}

function policyColumns(target: Pick<PrinterColumn, 'name' | 'jsonPath' | 'description'>): PrinterColumn[] {
  const counts = proxies('Proxies that obey the object / proxies that it applies to.');
  return [{ type: 'string', ...target }, accepted, programmed, counts, reason, warning, age];
}

const firstTarget = {
  name: 'TARGET',
  jsonPath: '.spec.targetRefs[0].name',
  description: 'First target.',
};

const shared = { categories: ['meshwright'] };

/** In the order users meet them. */
export const kindDefinitions: readonly KindDefinition[] = [
  {
    ...shared,
    kind: 'Mesh',
    role: 'settings',
    plural: 'meshes',
    singular: 'mesh',
    shortNames: [],
    scope: 'Cluster',
    description: 'Settings of the whole mesh. The oldest Mesh is in force.',
    spec: MeshSpec,
    status: MeshStatus,
    columns: [
      accepted,
      conditionColumn('Ready', 'Whether Meshwright can issue certificates and serve proxies.'),
      proxies('Proxies that run this generation of the Mesh / all proxies.'),
      {
        name: 'POLICIES',
        type: 'string',
        jsonPath: '.status.policies.summary',
        description: 'Programmed policies / all policies.',
      },
      {
        ...reason,
        jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
        description: 'Reason of the condition Ready.',
      },
      warning,
      age,
    ],
  },
  {
    ...shared,
    kind: 'TrafficPolicy',
    role: 'policy',
    plural: 'trafficpolicies',
    singular: 'trafficpolicy',
    shortNames: ['tp'],
    scope: 'Namespaced',
    description: 'How calls to Services are routed and what happens when they fail.',
    spec: TrafficPolicySpec,
    status: TrafficPolicyStatus,
    columns: [...policyColumns(firstTarget), overridden],
  },
  {
    ...shared,
    kind: 'SecurityPolicy',
    role: 'policy',
    plural: 'securitypolicies',
    singular: 'securitypolicy',
    shortNames: ['sp'],
    scope: 'Namespaced',
    description: 'Who may call a workload, as which end user, and whether callers must use mutual TLS.',
    spec: SecurityPolicySpec,
    status: SecurityPolicyStatus,
    columns: [...policyColumns(firstTarget), overridden],
  },
  {
    ...shared,
    kind: 'ExternalWorkload',
    role: 'workload',
    plural: 'externalworkloads',
    singular: 'externalworkload',
    shortNames: ['ew'],
    scope: 'Namespaced',
    description:
      'A process or virtual machine outside the cluster. Services select it by its labels, like a Pod.',
    spec: ExternalWorkloadSpec,
    status: PolicyStatus,
    columns: policyColumns({
      name: 'ADDRESS',
      jsonPath: '.spec.address',
      description: 'Address of the workload.',
    }),
  },
];

const byKind = new Map<string, KindDefinition>(
  kindDefinitions.map((definition) => [definition.kind, definition]),
);

/** The definition of a kind, or undefined if it is not ours. */
export function kindDefinition(kind: MeshwrightKind): KindDefinition;
export function kindDefinition(kind: string): KindDefinition | undefined;
export function kindDefinition(kind: string): KindDefinition | undefined {
  return byKind.get(kind);
}

/** Whether it is one of ours: users write such objects, and each has a verdict and a status. */
export function isMeshwrightKind(kind: unknown): kind is MeshwrightKind {
  return typeof kind === 'string' && byKind.has(kind);
}
