// The TLS between sidecars: the contexts of both sides, who is believed, and where the certificate comes from.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { extension, overAds } from './typed-config.ts';
import { callersSecret, leafSecret, meshAlpn, trustSecret } from './names.ts';
import { leafSdsFile } from '../../values/certificate-files.ts';

/**
 * Relative to the directory in which the sidecar was started: so the configuration is the same bytes in every sidecar although
 * each has files of its own.
 * (A secret in the bootstrap would do for that too, but Envoy never reads it again when its files change.)
 */
const ownSdsFile = leafSdsFile('');

const tlsMessages = 'envoy.extensions.transport_sockets.tls.v3';

/** Identities by URI subject alternative name: exactly this one, any that starts so, or any that is described so. */
export type PeerMatch =
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly safe_regex: { readonly regex: string } };

/** Matches no certificate of the mesh: those name `spiffe://…`. An empty list would match every one of them. */
const nobody: PeerMatch = { exact: 'meshwright:nobody' };

/**
 * A root may have signed certificates without a SPIFFE ID. No rule could name who has one, and where there is no URI, Envoy's rules compare the
 * DNS name and the subject instead (`principal_name`).
 */
const anybody: PeerMatch = { prefix: 'spiffe://' };

/** Client side. No peer given means that none is believed. */
export function upstreamTls(peers: readonly PeerMatch[]): EnvoyMessage {
  return extension('envoy.transport_sockets.tls', `${tlsMessages}.UpstreamTlsContext`, {
    // The default keeps session tickets; a resumed session is not verified again.
    max_session_keys: 0,
    common_tls_context: { ...ownCertificate(), alpn_protocols: [meshAlpn], ...believe(peers, trustSecret) },
  });
}

/** Whom a server believes: any identity of the mesh; only those, so that the handshake of all others fails; or whom this secret says. */
export type BelievedPeers = 'everyone' | readonly PeerMatch[] | { readonly secret: string };

/** Server side. */
export function downstreamTls(peers: BelievedPeers): EnvoyMessage {
  return extension('envoy.transport_sockets.tls', `${tlsMessages}.DownstreamTlsContext`, {
    require_client_certificate: true,
    // A resumed session is not verified again, so that it could outlive a policy or a trusted root.
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
    common_tls_context: { ...ownCertificate(), ...believe(peers, callersSecret) },
  });
}

export const plaintext = extension(
  'envoy.transport_sockets.raw_buffer',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
);

function ownCertificate(): EnvoyMessage {
  return {
    // Envoy's client side stops at 1.2 unless the maximum says 1.3.
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    tls_certificate_sds_secret_configs: [
      {
        name: leafSecret,
        sds_config: { path_config_source: { path: ownSdsFile }, resource_api_version: 'V3' },
      },
    ],
  };
}

function believe(peers: BelievedPeers, roots: string): EnvoyMessage {
  if (peers === 'everyone') return { validation_context_sds_secret_config: bySds(roots) };
  if ('secret' in peers) return { validation_context_sds_secret_config: bySds(peers.secret) };
  return {
    combined_validation_context: {
      default_validation_context: alternativeNames(peers),
      validation_context_sds_secret_config: bySds(roots),
    },
  };
}

/** What sidecars trust. */
export interface Trust {
  /** PEM of all trusted roots, concatenated. */
  readonly trustBundle: string;
  /** PEM, signed by the root. Null or absent: no certificate is revoked. */
  readonly revocationList?: string | null;
  /** PEM of the public CAs, which hosts outside the mesh have their certificates from. Default: none is believed. */
  readonly publicRoots?: string;
}

/** What such a secret holds. Null: any identity of the mesh. */
export function acceptedPeers(trust: Trust, peers: readonly PeerMatch[] | null): EnvoyMessage {
  return { ...trustedRoots(trust), ...alternativeNames(peers ?? [anybody]) };
}

/** What the secret of a client holds: whom it calls says the cluster. */
export function trustedRoots({ trustBundle, revocationList = null }: Trust): EnvoyMessage {
  return {
    trusted_ca: { inline_string: trustBundle },
    // With a list of one authority, Envoy asks for lists of all in the chain: there is but the root, which is its own.
    ...(revocationList !== null && { crl: { inline_string: revocationList } }),
  };
}

function bySds(name: string): EnvoyMessage {
  return { name, sds_config: overAds };
}

function alternativeNames(peers: readonly PeerMatch[]): EnvoyMessage {
  const believed = peers.length === 0 ? [nobody] : peers;
  return { match_typed_subject_alt_names: believed.map((matcher) => ({ san_type: 'URI', matcher })) };
}
