// A host outside the mesh that workloads may call, at one port.

export interface AllowedHostIr {
  /** `api.example.com`, or `*.example.com` for all names below example.com. */
  readonly host: string;
  readonly port: number;
  /** TLS: known by the server name of the application's handshake. HTTP: by the Host header of each request. */
  readonly protocol: 'TLS' | 'HTTP';
}
