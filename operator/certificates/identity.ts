// Who the operator is to its sidecars: they believe no other xDS server.

export const operatorServiceAccount = 'meshwright-operator';

export function operatorSpiffeId(trustDomain: string, namespace: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${operatorServiceAccount}`;
}
