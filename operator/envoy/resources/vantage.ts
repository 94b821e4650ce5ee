// From where a sidecar sees requests and connections.

export type Direction = 'inbound' | 'outbound';

/** Who calls: the sidecar's own application; somebody of the mesh, with a certificate; anybody, of whom only the address is known. */
export type Vantage = 'outbound' | 'mesh' | 'plaintext';

/** Who calls, and inbound at which port. */
export type Seen = { readonly vantage: 'outbound' } | SeenInbound;

export interface SeenInbound {
  readonly vantage: 'mesh' | 'plaintext';
  /** `9080`, or a format that tells it for each connection. */
  readonly port: string;
}

/** For listeners that take connections to more ports than one. */
export const askedForEachConnection = '%DOWNSTREAM_LOCAL_PORT%';

export const outbound: Seen = { vantage: 'outbound' };

export function directionOf(vantage: Vantage): Direction {
  return vantage === 'outbound' ? 'outbound' : 'inbound';
}
