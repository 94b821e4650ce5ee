// Namespaces that are never in the mesh, whatever their labels are: what a cluster needs to run at all, the network of its pods included, and the operator itself
// must not wait for a mesh.

/** own: the operator's. Each once. */
export function neverMeshed(own: string): readonly string[] {
  return [...new Set(['kube-system', 'kube-public', 'kube-node-lease', own])];
}
