// ExternalWorkload: a process or VM outside the cluster, selected by Services by its labels like a Pod.
import { z } from 'zod';
import { celRaw, dnsLabel, dnsSubdomain, ipLiteral, listMap, port, shaped, withRules } from '../schema.ts';
import { type ApiObject, operatorServiceAccount, type PolicyStatus } from './common.ts';

/** ::1, however it is written. */
const loopback6 = /^[0:]+:0{0,3}1$/;
/**
 * The unspecified address, which leads back to whoever connects; multicast, broadcast and reserved ranges; link-local, where each
 * machine finds its own, such as the metadata service of a cloud; and below ::/16 IPv4 written as IPv6.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const notOneMachine =
  /^(0\.|169\.254\.|(22[4-9]|2[3-5][0-9])\.|0{0,4}:|[fF][fF][0-9a-fA-F]{2}:|[fF][eE][89a-bA-B][0-9a-fA-F]:)/;
const address = withRules(shaped(ipLiteral), {
  rule: `self.matches(${celRaw(loopback6)}) || !self.matches(${celRaw(notOneMachine)})`,
  message:
    'Write the unicast address of one machine: 0.0.0.0 and :: lead back to the caller, and multicast, broadcast, reserved, link-local and IPv4-mapped IPv6 addresses cannot be called.',
});

/** Of Envoy's admin, outbound, inbound, readiness and metrics listeners. */
const sidecarPorts = [15_000, 15_001, 15_006, 15_021, 15_090];

const loopRules = [
  {
    rule: "!has(self.serviceAccount) || self.address != '127.0.0.1' || self.ports.all(p, has(p.applicationPort) && p.applicationPort != p.port)",
    message:
      'At address 127.0.0.1, set the applicationPort of each port to another number than port; otherwise the sidecar would call itself.',
  },
  {
    rule: `!(self.address.startsWith('127.') || self.address.matches(${celRaw(loopback6)})) || self.ports.all(p, !(p.port in [${sidecarPorts.join(', ')}]))`,
    message: `At a loopback address, ports ${sidecarPorts.join(', ')} belong to the sidecar of the caller. Use another port.`,
  },
  {
    rule: "!has(self.serviceAccount) || self.outbound.all(o, !(o.bindAddress in ['127.0.0.1', '0.0.0.0', '::']) || !self.ports.exists(p, (has(p.applicationPort) ? p.applicationPort : p.port) == o.bindPort))",
    message:
      'Set each bindPort to another number than the applicationPort (default: port) of every port; otherwise the sidecar would call itself instead of the application.',
  },
];

const WorkloadPort = z
  .object({
    name: shaped(dnsLabel)
      .optional()
      .describe('Name of the port, which the targetPort of a Service can refer to. Unique in the workload.'),
    port: port().describe(
      'Port that callers connect to, 1 to 65535. The sidecar of the workload, if it has one, listens on it.',
    ),
    appProtocol: z
      .string()
      .max(64)
      .optional()
      .describe(
        'Protocol, as in a Service: http, kubernetes.io/h2c, grpc or tcp. Default: the protocol of the Services that select the workload, else the prefix of the port name, else tcp.',
      ),
    applicationPort: port()
      .optional()
      .describe(
        'Port on 127.0.0.1 that the application behind the sidecar listens on, 1 to 65535. Default: the same as port.',
      ),
  })
  .describe('Port of the workload.');

const OutboundBinding = z
  .object({
    service: shaped(dnsLabel).describe('Name of the Service to call.'),
    namespace: shaped(dnsLabel)
      .optional()
      .describe('Namespace of the Service. Default: the namespace of this object.'),
    port: port().describe('Port of the Service, 1 to 65535.'),
    bindAddress: shaped(ipLiteral)
      .default('127.0.0.1')
      .describe(
        'Address that the sidecar listens on. Everyone who can reach it calls with the identity of this workload, so keep it on a loopback address. Default: 127.0.0.1.',
      ),
    bindPort: port().describe('Port that the sidecar listens on, 1 to 65535.'),
  })
  .describe('Local address at which the application can call a Service.');

const ports = withRules(listMap(z.array(WorkloadPort).max(16), 'port'), {
  rule: 'self.all(p, !has(p.name) || self.exists_one(o, has(o.name) && o.name == p.name))',
  message: 'Give each port a different name.',
});

export const ExternalWorkloadSpec = withRules(
  z.object({
    address: address.describe(
      'Unicast IPv4 or IPv6 address of the workload. A loopback address is only for meshes without pods: pods would call themselves.',
    ),
    serviceAccount: withRules(shaped(dnsSubdomain), {
      rule: `self != '${operatorServiceAccount}'`,
      message: `Name another service account: ${operatorServiceAccount} is the identity of the operator itself.`,
    })
      .optional()
      .describe(
        'Service account in the namespace of this object that gives the sidecar of the workload its identity. If it is not set, the workload has no sidecar and is called in plaintext.',
      ),
    ports: ports.default([]).describe('Ports that can be called. At most 16.'),
    outbound: listMap(z.array(OutboundBinding).max(64), 'bindAddress', 'bindPort')
      .default([])
      .describe(
        'Services that the workload calls. The sidecar listens on each binding, because traffic is not intercepted outside pods. At most 64.',
      ),
  }),
  ...loopRules,
).describe('A workload outside the cluster. Services select it by the labels of this object.');
export type ExternalWorkloadSpec = z.infer<typeof ExternalWorkloadSpec>;

export type ExternalWorkload = ApiObject<'ExternalWorkload', ExternalWorkloadSpec, PolicyStatus>;
