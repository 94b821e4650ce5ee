// Which service accounts are in use, and so need a certificate.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import type { IdentityIr } from '../../ir/mesh-ir.ts';
import type { Deployment, PodTemplate } from '../../objects/objects.ts';
import type { Resources } from '../../store/resources.ts';
import { matchesLabels } from '../../values/labels.ts';
import { byText } from '../../values/compare-text.ts';
import { defaultServiceAccount, identityOf } from '../facts/identity.ts';
import type { Workload } from '../facts/workload.ts';

/**
 * Service accounts in use: by pods and pod templates in namespaces the Mesh selects (so that a certificate is there
 * before the first sidecar starts), and by every workload that has a sidecar. Sorted by namespace and name.
 */
export function identitiesInUse(
  mesh: Mesh,
  namespaces: Resources['namespaces'],
  templates: readonly AccountUse[],
  workloads: readonly Workload[],
): readonly IdentityIr[] {
  const found = new Map<string, IdentityIr>();
  const add = (identity: IdentityIr): unknown =>
    found.set(`${identity.namespace}/${identity.serviceAccount}`, identity);
  const use = (namespace: string, serviceAccount = defaultServiceAccount): unknown =>
    add(identityOf(mesh.spec.trustDomain, namespace, serviceAccount));
  const selected = selectedNamespaces(mesh, namespaces);

  for (const { namespace, serviceAccount } of templates) {
    if (selected.has(namespace)) use(namespace, serviceAccount);
  }
  for (const workload of workloads) {
    if (workload.meshed !== null) add(workload.meshed);
    else if (workload.source.kind === 'Pod' && workload.isRunnable && selected.has(workload.namespace)) {
      use(workload.namespace, workload.source.spec.serviceAccountName);
    }
  }
  return [...found.values()].toSorted(
    (a, b) =>
      byText<IdentityIr>((i) => i.namespace)(a, b) || byText<IdentityIr>((i) => i.serviceAccount)(a, b),
  );
}

export interface AccountUse {
  readonly namespace: string;
  readonly serviceAccount: string | undefined;
}

/** Which service accounts the pods of these templates run as. */
export function accountsOfTemplates(
  deployments: Resources['deployments'],
  statefulSets: Resources['statefulSets'],
  daemonSets: Resources['daemonSets'],
  cronJobs: Resources['cronJobs'],
): readonly AccountUse[] {
  return [
    ...[...deployments, ...statefulSets, ...daemonSets].map(({ metadata, spec }) =>
      accountUse(metadata, spec.template),
    ),
    ...cronJobs.map(({ metadata, spec }) => accountUse(metadata, spec.jobTemplate.spec.template)),
  ];
}

function accountUse(metadata: Deployment['metadata'], { spec }: PodTemplate): AccountUse {
  return { namespace: metadata.namespace ?? '', serviceAccount: spec?.serviceAccountName };
}

function selectedNamespaces(mesh: Mesh, namespaces: Resources['namespaces']): ReadonlySet<string> {
  const { matchLabels } = mesh.spec.namespaceSelector;
  const selected = namespaces.filter((namespace) =>
    matchesLabels(matchLabels, namespace.metadata.labels ?? {}),
  );
  return new Set(selected.map((namespace) => namespace.metadata.name));
}
