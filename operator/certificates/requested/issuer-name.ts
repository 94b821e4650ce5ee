// What an issuer outside is called.
import type { IssuerRefIr } from '../../ir/mesh-ir.ts';

/** For sentences: `ClusterIssuer mesh-ca`, `Issuer meshwright-system/mesh-ca`. namespace: of the operator. */
export function issuerName({ name, kind, group }: IssuerRefIr, namespace: string): string {
  if (group !== 'cert-manager.io') return `${kind}.${group} ${name}`;
  return kind === 'ClusterIssuer' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** The same for the same one. */
export function issuerKey({ name, kind, group }: IssuerRefIr): string {
  return `${group}/${kind}/${name}`;
}
