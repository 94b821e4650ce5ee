// The kinds of Kubernetes itself that a file may hold, checked as far as something reads them. Pure.
import { z } from 'zod';
import type { ObjectMeta } from '../../../api/metadata.ts';
import type { Namespace, Service, ServiceAccount } from '../../objects/objects.ts';
import { zodProblems } from './folder/documents.ts';

const ServicePort = z.object({
  name: z.string().max(63).exactOptional(),
  port: z.int().min(1).max(65_535),
  targetPort: z.union([z.int().min(1).max(65_535), z.string().min(1)]).exactOptional(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).exactOptional(),
  appProtocol: z.string().exactOptional(),
});

const ServiceSpec = z.object({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).exactOptional(),
  clusterIP: z.string().exactOptional(),
  clusterIPs: z.array(z.string()).exactOptional(),
  selector: z.record(z.string(), z.string('must be a string: put it in quotes')).exactOptional(),
  ports: z
    .array(ServicePort)
    .refine(
      (ports) => ports.length < 2 || new Set(ports.map(({ name }) => name ?? '')).size === ports.length,
      'each of several ports needs a name of its own',
    )
    .exactOptional(),
  publishNotReadyAddresses: z.boolean().exactOptional(),
});

export type CoreObject = Namespace | Service | ServiceAccount;
export type CoreAdmission =
  | { readonly ok: true; readonly object: CoreObject }
  | { readonly ok: false; readonly problems: readonly string[] };

export function admitCore(kind: CoreObject['kind'], spec: unknown, metadata: ObjectMeta): CoreAdmission {
  if (kind !== 'Service') return { ok: true, object: { kind, metadata } };
  const parsed = z.object({ spec: ServiceSpec }).safeParse({ spec });
  if (!parsed.success) return { ok: false, problems: zodProblems(parsed.error) };
  return { ok: true, object: { kind, metadata, spec: parsed.data.spec } };
}

export function isCoreKind(kind: string): kind is CoreObject['kind'] {
  return kind === 'Namespace' || kind === 'Service' || kind === 'ServiceAccount';
}
