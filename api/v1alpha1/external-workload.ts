// ExternalWorkload: a process or VM outside the cluster, selected by Services by its labels like a Pod.
import { z } from 'zod';
import { type ApiObject, type PolicyStatus } from './common.ts';

export const WorkloadPort = z.object({
  name: z.string().max(63).optional(),
  /** Where peers connect; its sidecar, if it has one, listens there. */
  port: z.int().min(1).max(65_535),
  /** As Service.spec.ports[].appProtocol. */
  appProtocol: z.string().max(64).optional(),
  /** Where the application listens on 127.0.0.1, behind the sidecar. Default: the same as port. */
  applicationPort: z.int().min(1).max(65_535).optional(),
});

export const OutboundBinding = z.object({
  /** Service in the same namespace unless namespace is given. */
  service: z.string().min(1).max(63),
  namespace: z.string().min(1).max(63).optional(),
  port: z.int().min(1).max(65_535),
  bindAddress: z.string().max(45).default('127.0.0.1'),
  bindPort: z.int().min(1).max(65_535),
});

export const ExternalWorkloadSpec = z.object({
  address: z.string().min(1).max(45),
  /** The identity its sidecar bears. Without it the workload has no sidecar and is reached in plaintext. */
  serviceAccount: z.string().min(1).max(63).optional(),
  ports: z.array(WorkloadPort).max(16).default([]),
  /** The services it calls: the sidecar listens at each binding (there is no interception outside pods). */
  outbound: z.array(OutboundBinding).max(64).default([]),
});
export type ExternalWorkloadSpec = z.infer<typeof ExternalWorkloadSpec>;

export type ExternalWorkload = ApiObject<'ExternalWorkload', ExternalWorkloadSpec, PolicyStatus>;
