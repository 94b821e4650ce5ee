// Pods that stay without a sidecar whatever we do: nothing that we inject makes them anew. Entry: barePodsOf. Pure.
import type { LabelSelector, Pod } from '../objects/objects.ts';
import type { Resources } from '../store/resources.ts';
import { injectedKey, optOutLabel } from '../values/own-names.ts';
import type { MeshSettingsIr } from '../ir/mesh-ir.ts';
import { matchesSelector } from '../values/labels.ts';
import { isThereToStay } from './pods.ts';
import { isSelected } from './workload/desired.ts';
import type { Environment } from './workload/environment.ts';

/** `shop/migrate`, sorted. Of those that run, in namespaces of the mesh, and have not opted out. */
export function barePodsOf(
  resources: Resources,
  mesh: MeshSettingsIr | null,
  environment: Environment,
): readonly string[] {
  const selected = new Set(
    resources.namespaces
      .filter(({ metadata }) =>
        isSelected(metadata.name, { mesh, environment, namespaceLabels: metadata.labels ?? {} }),
      )
      .map(({ metadata }) => metadata.name),
  );
  const selectors = selectorsByNamespace(resources);
  return resources.pods
    .filter((pod) => selected.has(pod.metadata.namespace ?? '') && lacksSidecar(pod))
    .filter(({ metadata: { namespace = '', labels = {} } }) =>
      (selectors.get(namespace) ?? []).every((selector) => !matchesSelector(selector, labels)),
    )
    .map(({ metadata: { namespace = '', name } }) => `${namespace}/${name}`);
}

function lacksSidecar(pod: Pod): boolean {
  const { metadata, spec } = pod;
  if (!isThereToStay(pod) || spec.hostNetwork === true || metadata.labels?.[optOutLabel] === 'false')
    return false;
  return metadata.annotations?.[injectedKey] === undefined;
}

function selectorsByNamespace(resources: Resources): ReadonlyMap<string, readonly LabelSelector[]> {
  const selectors = new Map<string, LabelSelector[]>();
  for (const { metadata, spec } of [
    ...resources.deployments,
    ...resources.statefulSets,
    ...resources.daemonSets,
  ]) {
    const namespace = metadata.namespace ?? '';
    selectors.set(namespace, [...(selectors.get(namespace) ?? []), spec.selector]);
  }
  return selectors;
}
