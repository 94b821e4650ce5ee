// What an operator knows of itself, for all meshes.

export interface Environment {
  /** For workloads whose Mesh names none. A change of these alone rolls nobody. */
  readonly defaultImages: { readonly sidecar: string; readonly init: string };
  /** How sidecars reach the operator. */
  readonly xds: { readonly address: string; readonly port: number };
  /** By the trust domain of the Mesh. */
  readonly operatorSpiffeId: (trustDomain: string) => string;
  /** The operator's own: it must be able to start without a mesh. */
  readonly ownNamespace: string;
}
