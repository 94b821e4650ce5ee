// Who may be connected to a TCP port, and may be connected still. Callers with an identity: by the handshake (by SDS) and, at every byte of
// connections that exist, by the metadata of the port's only endpoint (by EDS). Callers without one, on whatever port: by whether there
// is a chain for them, and at every byte by a runtime value (by RTDS). All but the chain comes without a change of the listener, so that
// connections that are still allowed never notice.
import type { AuthorizationIr, InboundPortIr } from '../../../ir/inbound.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { compareText } from '../../../values/compare-text.ts';
import { rememberEach } from '../../../values/remember.ts';
import { resource } from '../resource.ts';
import { acceptedPeers, type Trust } from '../tls.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';
import type { Origin } from '../../../ir/origin.ts';
import { others as otherPorts } from './listener-filters.ts';
import { admissionKey } from '../runtime.ts';
import { askedAtEachByte, endsByRuntime, noLongerAdmitted } from '../runtime-admission.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { membershipIn } from './peer-sets.ts';
import { admitsAllBut, admitsUnknownBytes, admittedPeers, allowedPeers, idsNamed } from './peers.ts';

/** What admission is worked out from, beside the port. */
export interface KnownPeers {
  readonly trust: Trust;
  /** All identities of the mesh. */
  readonly spiffeIds: readonly string[];
}

export type TcpPort = Pick<InboundPortIr, 'port' | 'mtls' | 'authorization' | 'origins'>;

/** Of the secret by which a port knows whom to believe: roots and names. */
export function peersSecret(label: string): string {
  return `inbound/${label}/peers`;
}

export function buildPeersSecret(port: TcpPort, mesh: Origin, { trust }: KnownPeers): XdsResource {
  const name = peersSecret(String(port.port));
  return resource(typeUrl.secret, {
    name,
    message: { name, validation_context: acceptedPeers(trust, allowedPeers(port.authorization)) },
    origins: [mesh, ...port.origins],
  });
}

export const admissionNamespace = 'meshwright.admission';

/** The metadata of the port's endpoint that the filters below read. */
export function admissionMetadata({ authorization }: TcpPort, { spiffeIds }: KnownPeers): EnvoyMessage {
  return { filter_metadata: { [admissionNamespace]: { ...listedPeers(authorization, spiffeIds) } } };
}

/** Runtime values that refuse callers without an identity; empty where all ports admit them. */
export function refusedWithoutIdentity(workload: WorkloadIr): EnvoyMessage {
  const { inbound } = workload;
  const labels = inbound.filter(refusesUnknown).map(({ port }) => String(port));
  if (othersRefuseUnknown(workload)) labels.push(otherPorts);
  return Object.fromEntries(labels.map((label) => [admissionKey(label), 0]));
}

/** Whether some port does. */
export function refusesWithoutIdentity(workload: WorkloadIr): boolean {
  return othersRefuseUnknown(workload) || workload.inbound.some(refusesUnknown);
}

function refusesUnknown(port: InboundPortIr): boolean {
  return port.mtls === 'Strict' || !admitsUnknownBytes(port, port.protocol === 'HTTP');
}

/** Those that no Service names: nothing is read of what comes to them. */
function othersRefuseUnknown({ intercepted, otherInbound }: WorkloadIr): boolean {
  if (!intercepted || otherInbound.mtls === 'Strict') return intercepted;
  return !admitsUnknownBytes({ ...otherInbound, ...nothingIsRead }, false);
}

const nothingIsRead = { authentication: null, authorizers: [] } as const;

interface Listed {
  readonly peers: readonly string[];
  readonly peers_are: 'admitted' | 'refused';
}

/**
 * Exact names, since the filter can look for nothing else: whom a prefix means is known here. Pods of one Deployment share an
 * authorization: worked out once for all of them.
 */
export const listedPeers = rememberEach(peersListed);

function peersListed(authorization: AuthorizationIr, known: readonly string[]): Listed {
  const admitted = admittedPeers(authorization);
  const ids = [...new Set([...known, ...idsNamed(authorization)])].toSorted(compareText);
  const isAdmitted = membershipIn(admitted);
  return admitsAllBut(admitted)
    ? { peers: ids.filter((id) => !isAdmitted(id)), peers_are: 'refused' }
    : { peers: ids.filter(isAdmitted), peers_are: 'admitted' };
}

/** Ends a connection at its next byte when its caller is no longer admitted. */
export function endsWhenRefused(label: string, caller: 'mesh' | 'plaintext'): EnvoyMessage {
  const statPrefix = `inbound_${label}_${caller}`;
  if (caller === 'plaintext') return endsByRuntime(statPrefix, admissionKey(label));
  const rules = { action: 'DENY', policies: { [noLongerAdmitted]: refusedPeers } };
  return askedAtEachByte(statPrefix, { rules });
}

/** The same on every port: it names nobody. As CEL, `(peer in peers) == (peers_are == "refused")`. */
export const refusedPeers: EnvoyMessage = {
  condition: callOf(
    '_==_',
    callOf('@in', select(ident('connection'), 'uri_san_peer_certificate'), admission('peers')),
    callOf('_==_', admission('peers_are'), text('refused')),
  ),
  permissions: [{ any: true }],
  principals: [{ any: true }],
};

function admission(field: string): EnvoyMessage {
  const metadata = select(select(ident('xds'), 'upstream_host_metadata'), 'filter_metadata');
  return callOf('_[_]', callOf('_[_]', metadata, text(admissionNamespace)), text(field));
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
