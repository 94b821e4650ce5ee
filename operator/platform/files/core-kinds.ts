// The kinds of Kubernetes itself and of the Gateway API that a file may hold, checked as far as something reads them. Pure.
import { z } from 'zod';
import type { ObjectMeta } from '../../../api/metadata.ts';
import type { Namespace, ReferenceGrant, Service, ServiceAccount } from '../../objects/objects.ts';
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

const ReferenceGrantSpec = z.object({
  from: z.array(z.object({ group: z.string(), kind: z.string(), namespace: z.string() })).min(1),
  to: z.array(z.object({ group: z.string(), kind: z.string(), name: z.string().exactOptional() })).min(1),
});

export type CoreObject = Namespace | ReferenceGrant | Service | ServiceAccount;
export type CoreAdmission =
  | { readonly ok: true; readonly object: CoreObject }
  | { readonly ok: false; readonly problems: readonly string[] };

export function admitCore(kind: CoreObject['kind'], spec: unknown, metadata: ObjectMeta): CoreAdmission {
  switch (kind) {
    case 'Namespace':
    case 'ServiceAccount':
      return { ok: true, object: { kind, metadata } };
    case 'Service':
      return parsed(ServiceSpec, spec, (valid) => ({ kind, metadata, spec: valid }));
    case 'ReferenceGrant':
      return parsed(ReferenceGrantSpec, spec, (valid) => ({ kind, metadata, spec: valid }));
  }
}

function parsed<T>(schema: z.ZodType<T>, spec: unknown, objectOf: (spec: T) => CoreObject): CoreAdmission {
  const { success, data, error } = z.object({ spec: schema }).safeParse({ spec });
  return success ? { ok: true, object: objectOf(data.spec) } : { ok: false, problems: zodProblems(error) };
}

const coreKinds: ReadonlySet<string> = new Set<CoreObject['kind']>([
  'Namespace',
  'ReferenceGrant',
  'Service',
  'ServiceAccount',
]);

export function isCoreKind(kind: string): kind is CoreObject['kind'] {
  return coreKinds.has(kind);
}
