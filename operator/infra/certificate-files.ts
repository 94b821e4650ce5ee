// The files of a sidecar's certificate folder, and the SDS files that make Envoy read them again when they change.
// The folder is laid out as the kubelet lays out a volume: each name is a symbolic link through `..data`, which is
// swapped in one rename; that rename is what Envoy's `watched_directory` waits for.
// (Files named in a TLS context directly, or in a secret of the bootstrap, are read once and never again.)

/** Names in the certificate folder: three of PEM, which change, and two of SDS, which do not. */
export const certificateFiles = {
  certificate: 'tls.crt',
  key: 'tls.key',
  roots: 'ca.crt',
  leafSds: 'leaf.json',
  rootsSds: 'roots.json',
} as const;

type Json = Readonly<Record<string, unknown>>;

/** The certificate folder under `baseDirectory`; '' is the directory in which Envoy is started. */
export function certificateFolder(baseDirectory: string): string {
  return baseDirectory === '' ? 'certificates' : `${baseDirectory}/certificates`;
}

/** The path by which all sidecars' shared configuration names this file when `baseDirectory` is ''. */
export function leafSdsFile(baseDirectory: string): string {
  return `${certificateFolder(baseDirectory)}/${certificateFiles.leafSds}`;
}

export function rootsSdsFile(baseDirectory: string): string {
  return `${certificateFolder(baseDirectory)}/${certificateFiles.rootsSds}`;
}

/** Name → JSON of the SDS files: the same in every sidecar, and for as long as the folder stays where it is. */
export function renderSdsFiles(baseDirectory: string): ReadonlyMap<string, string> {
  const folder = certificateFolder(baseDirectory);
  return new Map([
    [certificateFiles.leafSds, JSON.stringify(renderLeafSds(folder), null, 2)],
    [certificateFiles.rootsSds, JSON.stringify(renderRootsSds(folder), null, 2)],
  ]);
}

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

function renderLeafSds(folder: string): Json {
  const certificate = {
    certificate_chain: { filename: `${folder}/${certificateFiles.certificate}` },
    private_key: { filename: `${folder}/${certificateFiles.key}` },
    watched_directory: { path: folder },
  };
  return { resources: [{ '@type': secretType, name: 'leaf', tls_certificate: certificate }] };
}

/** To believe the operator: the trust between sidecars comes over the stream instead. */
function renderRootsSds(folder: string): Json {
  const roots = {
    trusted_ca: { filename: `${folder}/${certificateFiles.roots}` },
    watched_directory: { path: folder },
  };
  return { resources: [{ '@type': secretType, name: 'roots', validation_context: roots }] };
}
