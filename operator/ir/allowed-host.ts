// A host outside the mesh that workloads may call, at one port.

export interface AllowedHostIr {
  /** `api.example.com`, or `*.example.com` for all names below example.com. */
  readonly host: string;
  readonly port: number;
  /** TLS: known by the server name of the application's handshake. HTTP: by the Host header of each request. */
  readonly protocol: 'TLS' | 'HTTP';
  /** HTTP: the sidecar encrypts; null: it does not; unusable: it should, but could check no certificate, so that nobody may call the host. */
  readonly tls: OriginationIr | 'unusable' | null;
  /** Whose workloads may call it, sorted; absent: all may. */
  readonly namespaces?: readonly string[];
}

export interface OriginationIr {
  /** Where the host serves TLS. */
  readonly port: number;
  /** What the handshake asks for, and the certificate must be for. */
  readonly sni: string;
  /** PEM of whom the certificate must be from; null: of the public CAs. */
  readonly caBundle: string | null;
}
