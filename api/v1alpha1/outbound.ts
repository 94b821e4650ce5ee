// What workloads may call outside the mesh: the mode, and the hosts that are allowed in spite of it.
import { z } from 'zod';
import { listMap, port, shaped, withRules } from '../schema.ts';

/** What a listener of the sidecar has already: see operator/envoy/resources/names.ts. */
const sidecarPorts = '[15000, 15001, 15006, 15021, 15090]';

const OutboundPort = withRules(
  z.object({
    port: port().describe('Port of the host that may be called.'),
    protocol: z
      .enum(['TLS', 'HTTP'])
      .default('TLS')
      .describe(
        'How the sidecar recognizes the host. TLS (default): by the server name (SNI) in the TLS handshake of the application. HTTP: by the Host header of each plaintext request.',
      ),
  }),
  {
    rule: `!(self.port in ${sidecarPorts})`,
    message: `Choose a port that no sidecar uses itself: not one of ${sidecarPorts.slice(1, -1)}.`,
  },
);

const hostName = shaped({
  pattern: /^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$/,
  message:
    'Write a host name of at least two parts in lower case, such as api.example.com, or *.example.com for all names below it.',
  max: 253,
});

const OutboundHost = z.object({
  host: withRules(hostName, {
    rule: "!self.endsWith('.svc') && !self.endsWith('.svc.cluster.local')",
    message:
      'Name a host outside the cluster. Services need no entry: workloads may call them in every mode.',
  }).describe(
    'Name of the host, such as api.example.com. *.example.com stands for all names below example.com, however many parts they have, but not for example.com itself.',
  ),
  ports: listMap(z.array(OutboundPort).min(1).max(8), 'port', 'protocol')
    .default([{ port: 443, protocol: 'TLS' }])
    .describe('Ports that may be called, at most 8. Default: port 443 with protocol TLS.'),
});

export const Outbound = z
  .object({
    mode: z
      .enum(['AllowAny', 'RegistryOnly'])
      .default('AllowAny')
      .describe(
        'AllowAny (default): calls to unknown addresses pass through unchanged. RegistryOnly: calls to unknown addresses are refused, except to hosts.',
      ),
    hosts: listMap(z.array(OutboundHost).max(128), 'host')
      .default([])
      .describe(
        'Hosts outside the mesh that workloads may call in every mode, at most 128. The sidecar resolves the name itself and connects to that address, whichever address the application called.',
      ),
  })
  .prefault({})
  .describe('Calls to destinations outside the mesh.');
export type Outbound = z.infer<typeof Outbound>;
