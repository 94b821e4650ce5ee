// Who may refer to Services of other namespaces: what ReferenceGrants say.
// @see https://gateway-api.sigs.k8s.io/api-types/referencegrant/
import { group } from '../../../api/v1alpha1/common.ts';
import type { ReferenceGrant } from '../../objects/objects.ts';
import { append } from '../../values/labels.ts';

/** Namespace → the grants there. */
export type Grants = ReadonlyMap<string, readonly ReferenceGrant[]>;

interface Referrer {
  readonly kind: string;
  readonly namespace: string;
}

export function grantsByNamespace(grants: readonly ReferenceGrant[]): Grants {
  const byNamespace = new Map<string, ReferenceGrant[]>();
  for (const grant of grants) append(byNamespace, grant.metadata.namespace ?? '', grant);
  return byNamespace;
}

/** from: an object of ours. Within a namespace no grant is needed. */
export function mayRefer(
  from: Referrer,
  to: { readonly namespace: string; readonly name: string },
  grants: Grants,
): boolean {
  if (from.namespace === to.namespace) return true;
  return (grants.get(to.namespace) ?? []).some(
    ({ spec }) =>
      spec.from.some(
        (one) => one.group === group && one.kind === from.kind && one.namespace === from.namespace,
      ) &&
      spec.to.some((one) => one.group === '' && one.kind === 'Service' && (one.name ?? to.name) === to.name),
  );
}
