// The hosts outside the mesh that the Mesh lists.
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import { reason } from '../../conditions/conditions.ts';
import type { AllowedHostIr } from '../../ir/allowed-host.ts';
import { byText } from '../../values/compare-text.ts';
import { isCaBundle } from './ca-bundle.ts';
import type { Problem } from './verdicts.ts';

type Outbound = Mesh['spec']['outbound'];
type WrittenTls = Outbound['hosts'][number]['ports'][number]['tls'];

/** Sorted: another order is no other wish. */
export function allowedHosts({ spec: { outbound } }: Mesh): readonly AllowedHostIr[] {
  return written(outbound)
    .toSorted(byText(({ host, protocol }) => `${protocol} ${host}`))
    .toSorted((a, b) => a.port - b.port);
}

/** Hosts that nobody may call although they are in the list. */
export function allowedHostWarnings({ spec: { outbound } }: Mesh): readonly Problem[] {
  return written(outbound)
    .filter(({ tls }) => tls === 'unusable')
    .map(({ host, port }) => {
      const message = `Calls to ${host}:${port} are refused: spec.outbound.hosts[${host}].ports[${port}].tls.caBundle holds something that is no certificate. Write CA certificates in PEM.`;
      return { reason: reason.hostRefused, message };
    });
}

function written({ hosts }: Outbound): readonly AllowedHostIr[] {
  return hosts.flatMap(({ host, ports, namespaces }) =>
    ports.map(({ port, protocol, tls }) => ({
      host,
      port,
      protocol,
      tls: origination(host, tls),
      ...(namespaces !== undefined && { namespaces: namespaces.toSorted() }),
    })),
  );
}

function origination(host: string, tls: WrittenTls): AllowedHostIr['tls'] {
  if (tls === undefined) return null;
  const { port, sni = host, caBundle = null } = tls;
  // A sidecar would reject the whole bundle.
  return caBundle === null || isCaBundle(caBundle) ? { port, sni, caBundle } : 'unusable';
}
