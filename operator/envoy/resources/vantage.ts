// From where a sidecar sees requests and connections.

export type Direction = 'inbound' | 'outbound';

/** Who calls: the sidecar's own application; somebody of the mesh, with a certificate; anybody, of whom only the address is known. */
export type Vantage = 'outbound' | 'mesh' | 'plaintext';

/** Who calls, and at which port: `9080`, or a format that tells it for each connection. '' outbound, where ports are those of destinations. */
export interface Seen {
  readonly vantage: Vantage;
  readonly port: string;
}

/** For listeners that take connections to more ports than one. */
export const askedForEachConnection = '%DOWNSTREAM_LOCAL_PORT%';

export const outbound: Seen = { vantage: 'outbound', port: '' };

export function directionOf(vantage: Vantage): Direction {
  return vantage === 'outbound' ? 'outbound' : 'inbound';
}
