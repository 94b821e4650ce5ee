// ExternalWorkload: a process or VM outside the cluster, selected by Services by its labels like a Pod.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, ipLiteral, listMap, port, shaped, withRules } from '../schema.ts';
import type { ApiObject, PolicyStatus } from './common.ts';

const WorkloadPort = z
  .object({
    name: shaped(dnsLabel)
      .optional()
      .describe('What the targetPort of a Service calls it; unique in the workload.'),
    port: port().describe('Where peers connect, 1 to 65535; its sidecar, if it has one, listens there.'),
    appProtocol: z
      .string()
      .max(64)
      .optional()
      .describe(
        'The protocol, as in a Service: http, kubernetes.io/h2c, grpc or tcp. Default: what the Services that select the workload say, else what name begins with, else tcp.',
      ),
    applicationPort: port()
      .optional()
      .describe(
        'Where the application listens on 127.0.0.1, behind the sidecar, 1 to 65535. Default: the same as port.',
      ),
  })
  .describe('A port of the workload.');

const OutboundBinding = z
  .object({
    service: shaped(dnsLabel).describe('Name of the Service to call.'),
    namespace: shaped(dnsLabel)
      .optional()
      .describe('Namespace of the Service. Default: that of this object.'),
    port: port().describe('Port of the Service, 1 to 65535.'),
    bindAddress: shaped(ipLiteral)
      .default('127.0.0.1')
      .describe(
        'Address the sidecar listens on. Whoever reaches it calls with the identity of this workload: keep it on the loopback. Default 127.0.0.1.',
      ),
    bindPort: port().describe('Port the sidecar listens on, 1 to 65535.'),
  })
  .describe('Where the application finds a Service.');

const ports = withRules(listMap(z.array(WorkloadPort).max(16), 'port'), {
  rule: 'self.all(p, !has(p.name) || self.exists_one(o, has(o.name) && o.name == p.name))',
  message: 'Give each port a name of its own.',
});

export const ExternalWorkloadSpec = z
  .object({
    address: shaped(ipLiteral).describe('The IPv4 or IPv6 address where peers reach the workload.'),
    serviceAccount: shaped(dnsSubdomain)
      .optional()
      .describe(
        'The identity its sidecar bears: a service account in the namespace of this object. Without it the workload has no sidecar and is reached in plaintext.',
      ),
    ports: ports.default([]).describe('The ports peers may call. At most 16.'),
    outbound: listMap(z.array(OutboundBinding).max(64), 'bindAddress', 'bindPort')
      .default([])
      .describe(
        'The Services it calls: the sidecar listens at each binding, as there is no interception outside pods. At most 64.',
      ),
  })
  .describe('A workload outside the cluster; Services select it by the labels of this object.');
export type ExternalWorkloadSpec = z.infer<typeof ExternalWorkloadSpec>;

export type ExternalWorkload = ApiObject<'ExternalWorkload', ExternalWorkloadSpec, PolicyStatus>;
