// From where a sidecar sees requests and connections.

export type Direction = 'inbound' | 'outbound';

/** Who calls: the sidecar's own application; somebody of the mesh, with a certificate; anybody, of whom only the address is known. */
export type Vantage = 'outbound' | 'mesh' | 'plaintext';

export function directionOf(vantage: Vantage): Direction {
  return vantage === 'outbound' ? 'outbound' : 'inbound';
}
