// Who the operator is to its sidecars: they believe no other xDS server.
import { operatorServiceAccount } from '../../api/v1alpha1/common.ts';

export function operatorSpiffeId(trustDomain: string, namespace: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${operatorServiceAccount}`;
}
