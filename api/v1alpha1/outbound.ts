// What workloads may call outside the mesh: the mode, and the hosts that are allowed in spite of it.
import { z } from 'zod';
import {
  type CelRule,
  dnsLabel,
  dnsSubdomain,
  listMap,
  listSet,
  port,
  shaped,
  withRules,
} from '../schema.ts';
import { noPrivateKey } from './security/jwks.ts';

/** What a listener of the sidecar has already: see operator/envoy/resources/names.ts. */
const sidecarPorts = '[15000, 15001, 15006, 15021, 15090]';

/** There may be many of them: the API server limits what their rules cost, and looking through all of it would be too much. */
const beginsAsCertificate: CelRule = {
  rule: `self.startsWith('-----BEGIN CERTIFICATE-----')`,
  message: 'Write CA certificates in PEM, and begin with -----BEGIN CERTIFICATE-----.',
};

/** What the sidecar makes of requests in plaintext. */
const Origination = z
  .object({
    port: port().default(443).describe('Port at which the host serves TLS. Default: 443.'),
    sni: shaped(dnsSubdomain)
      .exactOptional()
      .describe(
        'Server name in the TLS handshake, which the certificate of the host must be for. Default: the host.',
      ),
    caBundle: withRules(z.string().min(1).max(16_384), beginsAsCertificate, noPrivateKey)
      .exactOptional()
      .describe(
        'CA certificates in PEM that the host must have its certificate from. Default: the public CAs that Mozilla trusts. At most 16384 characters.',
      ),
  })
  .describe(
    'The sidecar encrypts: the application sends requests in plaintext, and the sidecar begins TLS with the host. A certificate that is not valid gets a 503. Default: requests stay in plaintext.',
  );

const OutboundPort = withRules(
  z.object({
    port: port().describe('Port of the host that may be called.'),
    protocol: z
      .enum(['TLS', 'HTTP'])
      .default('TLS')
      .describe(
        'How the sidecar recognizes the host. TLS (default): by the server name (SNI) in the TLS handshake of the application. HTTP: by the Host header of each plaintext request.',
      ),
    tls: Origination.exactOptional(),
  }),
  {
    rule: "!has(self.tls) || self.protocol == 'HTTP'",
    message: 'Set protocol to HTTP, or remove tls: with protocol TLS the application encrypts itself.',
  },
  {
    rule: `!(self.port in ${sidecarPorts})`,
    message: `Choose a port that no sidecar uses itself: not one of ${sidecarPorts.slice(1, -1)}.`,
  },
);

const callers = listSet(z.array(shaped(dnsLabel).describe('Name of a namespace.')).min(1).max(32))
  .exactOptional()
  .describe(
    'Namespaces whose workloads may call the host. In mode RegistryOnly, those of all other namespaces are refused. Default: all namespaces. At most 32.',
  );

const hostName = shaped({
  pattern: /^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$/,
  message:
    'Write a host name of at least two parts in lower case, such as api.example.com, or *.example.com for all names below it.',
  max: 253,
});

const OutboundHost = withRules(
  z.object({
    host: withRules(hostName, {
      rule: "!self.endsWith('.svc') && !self.endsWith('.svc.cluster.local')",
      message:
        'Name a host outside the cluster. Services need no entry: workloads may call them in every mode.',
    }).describe(
      'Name of the host, such as api.example.com. *.example.com stands for all names below example.com, however many parts they have, but not for example.com itself.',
    ),
    ports: listMap(z.array(OutboundPort).min(1).max(4), 'port', 'protocol')
      .default([{ port: 443, protocol: 'TLS' }])
      .describe('Ports that may be called, at most 4. Default: port 443 with protocol TLS.'),
    namespaces: callers,
  }),
  {
    rule: "!self.host.startsWith('*') || self.ports.all(p, !has(p.tls))",
    message: 'Name each host by itself to use tls: a wildcard can have none.',
  },
);

export const Outbound = z
  .object({
    mode: z
      .enum(['AllowAny', 'RegistryOnly'])
      .default('AllowAny')
      .describe(
        'AllowAny (default): calls to unknown addresses pass through unchanged. RegistryOnly: calls to unknown addresses are refused, except to hosts.',
      ),
    learn: z
      .boolean()
      .default(false)
      .describe(
        'Whether sidecars count which hosts are called that are not in the list, by server name on port 443 and by Host header on port 80. /debug/hosts of the operator shows them. In mode AllowAny, what is not HTTP does not pass through port 80 while this is true. Default: false.',
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
