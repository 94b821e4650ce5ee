// The SDS files that make Envoy read the files of a sidecar's certificate folder again when they change.
import { certificateFiles, certificateFolder } from '../values/certificate-files.ts';

type Json = Readonly<Record<string, unknown>>;

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
