// The node id of a sidecar: which workload it says it belongs to. The server checks it against the certificate.

export interface NodeIdentity {
  /** `Pod` or `ExternalWorkload`. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** '' where the platform gives none. */
  readonly uid: string;
}

/** `Pod~shop~reviews-v1-abc~<uid>`: no part can hold a tilde, as all are names of Kubernetes objects or uids. */
export function formatNodeId({ kind, namespace, name, uid }: NodeIdentity): string {
  return [kind, namespace, name, uid].join('~');
}

/** Null for anything else than a node id of ours. */
export function parseNodeId(nodeId: string): NodeIdentity | null {
  const parts = nodeId.split('~');
  const [kind = '', namespace = '', name = '', uid = ''] = parts;
  if (parts.length !== 4 || kind === '' || namespace === '' || name === '') return null;
  return { kind, namespace, name, uid };
}

/** `Pod/shop/reviews-v1-abc`: the key of the workload in MeshIr. */
export function workloadKey({ kind, namespace, name }: Omit<NodeIdentity, 'uid'>): string {
  return `${kind}/${namespace}/${name}`;
}
