// Who may be connected to a TCP port, in the three places that ask: the handshake (by SDS), every byte of connections that exist
// (by the metadata of the port's only endpoint, by EDS), and whether there is a chain for callers without an identity. All but the
// last comes without a change of the listener, so that connections that are still allowed never notice.
import type { AuthorizationIr, InboundPortIr } from '../../../ir/inbound.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { compareText } from '../../../values/compare-text.ts';
import { resource } from '../resource.ts';
import { acceptedPeers } from '../tls.ts';
import { extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import type { Origin } from '../../../ir/origin.ts';
import { covers, type PeerName } from './name-complement.ts';
import { admitsUnknownBytes, allowedPeers, namesOf, type NamedPeers } from './peers.ts';

/** What admission is worked out from, beside the port. */
export interface KnownPeers {
  /** PEM of the trusted roots. */
  readonly trustBundle: string;
  /** All identities of the mesh. */
  readonly spiffeIds: readonly string[];
}

export type TcpPort = Pick<InboundPortIr, 'port' | 'mtls' | 'authorization' | 'origins'>;

/** Of the secret by which a port knows whom to believe: roots and names. */
export function peersSecret(label: string): string {
  return `inbound/${label}/peers`;
}

export function buildPeersSecret(port: TcpPort, mesh: Origin, { trustBundle }: KnownPeers): XdsResource {
  const name = peersSecret(String(port.port));
  return resource(typeUrl.secret, {
    name,
    message: { name, validation_context: acceptedPeers(trustBundle, allowedPeers(port.authorization)) },
    origins: [mesh, ...port.origins],
  });
}

const namespace = 'meshwright.admission';

/** The metadata of the port's endpoint that the filters below read. */
export function admissionMetadata({ mtls, authorization }: TcpPort, known: KnownPeers): EnvoyMessage {
  const isPlaintextAdmitted = mtls !== 'Strict' && admitsUnknownBytes(authorization, false);
  return {
    filter_metadata: {
      [namespace]: {
        ...listedPeers(authorization, known.spiffeIds),
        plaintext: isPlaintextAdmitted ? 'admitted' : 'refused',
      },
    },
  };
}

interface Listed {
  readonly peers: readonly string[];
  readonly peers_are: 'admitted' | 'refused';
}

/** Exact names, since the filter can look for nothing else: whom a prefix means is known here. */
export function listedPeers(authorization: AuthorizationIr, known: readonly string[]): Listed {
  const { allowed, denied } = namesOf(authorization);
  if (denied === 'everyone') return { peers: [], peers_are: 'admitted' };
  if (allowed === 'everyone') return { peers: exactly(denied, known), peers_are: 'refused' };
  const admitted = exactly(allowed, known).filter((id) => !denied.some((name) => covers(name, id)));
  return { peers: admitted, peers_are: 'admitted' };
}

function exactly(names: Exclude<NamedPeers, 'everyone'>, known: readonly string[]): readonly string[] {
  const exact = names.flatMap((name) => ('exact' in name ? [name.exact] : []));
  const prefixes = names.filter((name): name is PeerName & { readonly prefix: string } => 'prefix' in name);
  const matching = known.filter((id) => prefixes.some((prefix) => covers(prefix, id)));
  return [...new Set([...exact, ...matching])].toSorted(compareText);
}

/**
 * Ends a connection at its next byte when it is no longer admitted. A filter's own rules are those of the time when the connection
 * was made; the endpoint's metadata is what EDS said last, also for connections that exist.
 */
export function endsWhenRefused(label: string, caller: 'mesh' | 'plaintext'): EnvoyMessage {
  return extension('envoy.filters.network.rbac', 'envoy.extensions.filters.network.rbac.v3.RBAC', {
    stat_prefix: `inbound_${label}_${caller}.`,
    enforcement_type: 'CONTINUOUS',
    rules: { action: 'DENY', policies: { 'no-longer-admitted': refusal(caller) } },
  });
}

/** Reads the metadata, and names nobody: it is the same on every port. */
export function refusal(caller: 'mesh' | 'plaintext'): EnvoyMessage {
  return {
    condition: caller === 'mesh' ? isPeerRefused : isPlaintextRefused,
    permissions: [{ any: true }],
    principals: [{ any: true }],
  };
}

/** `(peer in peers) == (peers_are == "refused")`, as CEL is sent to Envoy. */
const isPeerRefused = callOf(
  '_==_',
  callOf('@in', select(ident('connection'), 'uri_san_peer_certificate'), admission('peers')),
  callOf('_==_', admission('peers_are'), text('refused')),
);

const isPlaintextRefused = callOf('_==_', admission('plaintext'), text('refused'));

function admission(field: string): EnvoyMessage {
  const metadata = select(select(ident('xds'), 'upstream_host_metadata'), 'filter_metadata');
  return callOf('_[_]', callOf('_[_]', metadata, text(namespace)), text(field));
}

function ident(name: string): EnvoyMessage {
  return { ident_expr: { name } };
}

function select(operand: EnvoyMessage, field: string): EnvoyMessage {
  return { select_expr: { field, operand } };
}

function text(value: string): EnvoyMessage {
  return { const_expr: { string_value: value } };
}

function callOf(name: string, ...args: readonly EnvoyMessage[]): EnvoyMessage {
  return { call_expr: { args, function: name } };
}
