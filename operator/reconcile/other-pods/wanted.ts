// Which revision the pods of a namespace are to have. Entries: revisionIn, revisionsOf, wrongPods. Pure.
import { noRevision } from '../../infra/patches.ts';
import { compareText } from '../../values/compare-text.ts';
import type { Input } from '../input.ts';
import { isInForce, isSelected } from '../workload/desired.ts';
import type { Environment } from '../workload/environment.ts';
import { isWrong } from './decide.ts';
import { evicts } from './owners.ts';

type Known = Pick<Input, 'mesh' | 'way' | 'namespaceLabels'>;

/**
 * null: nobody can tell what pods would get that are made now, as the API server does not add sidecars, or not yet as the Mesh says. `none`: no
 * sidecar.
 */
export function revisionIn(
  namespace: string,
  { mesh, way, namespaceLabels }: Known,
  environment: Environment,
): string | null {
  if (mesh === null || way?.type !== 'Policy') return null;
  const of = { mesh, way, environment, namespaceLabels: namespaceLabels.get(namespace) ?? {} };
  const isIn = isSelected(namespace, of);
  if (isIn !== isInForce(namespace, of)) return null;
  return isIn ? way.revision : noRevision;
}

/** Of each namespace in which pods may be evicted. */
export function revisionsOf(input: Input, environment: Environment): ReadonlyMap<string, string> {
  if (!evicts(input)) return new Map();
  return new Map(
    [...input.namespaceLabels.keys()].flatMap((namespace) => {
      const revision = revisionIn(namespace, input, environment);
      return revision === null ? [] : [[namespace, revision]];
    }),
  );
}

/** `shop/legacy-1`, sorted: those that an eviction would set right, as far as is known. */
export function wrongPods(input: Input, environment: Environment): readonly string[] {
  return [...input.owners.values()]
    .flat()
    .filter((pod) => {
      const wanted = revisionIn(pod.ref.namespace, input, environment);
      return wanted !== null && pod.isStaying && !pod.isLeftAlone && isWrong(pod, wanted);
    })
    .map(({ ref }) => `${ref.namespace}/${ref.name}`)
    .toSorted(compareText);
}
