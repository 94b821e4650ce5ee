// Where a sidecar finds its certificate. The folder is laid out as the kubelet lays out a volume: each name is a symbolic link
// through `..data`, which is swapped in one rename; that rename is what Envoy's `watched_directory` waits for.
// (Files named in a TLS context directly, or in a secret of the bootstrap, are read once and never again.)

/** Names in the certificate folder: three of PEM, which change, and two of SDS, which do not. */
export const certificateFiles = {
  certificate: 'tls.crt',
  key: 'tls.key',
  roots: 'ca.crt',
  leafSds: 'leaf.json',
  rootsSds: 'roots.json',
} as const;

/** The certificate folder under `baseDirectory`; '' is the directory in which Envoy is started. */
export function certificateFolder(baseDirectory: string): string {
  return baseDirectory === '' ? 'certificates' : `${baseDirectory}/certificates`;
}

/** The SDS file that names the workload's certificate and key. */
export function leafSdsFile(baseDirectory: string): string {
  return `${certificateFolder(baseDirectory)}/${certificateFiles.leafSds}`;
}

/** The SDS file that names the roots by which the operator is believed. */
export function rootsSdsFile(baseDirectory: string): string {
  return `${certificateFolder(baseDirectory)}/${certificateFiles.rootsSds}`;
}
