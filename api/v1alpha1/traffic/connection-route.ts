// Routes of connections, for ports whose connections carry something else than HTTP.
import { z } from 'zod';
import { listSet, shaped } from '../../schema.ts';
import { connectionBackends } from './backend.ts';
import { hostname } from './match.ts';
import { percentage } from './percentage.ts';

const fields = {
  backends: connectionBackends
    .default([])
    .describe(
      'Destinations of the connections; weights are shares of new connections. Default: all endpoints of the target. At most 8.',
    ),
  fault: z
    .object({
      abort: z
        .object({
          percentage: percentage.describe(
            'Percentage of new connections that are closed, 0 to 100 in steps of 0.001. Default: 100.',
          ),
        })
        .describe('Closes connections as soon as they are made, without calling a backend.'),
    })
    .optional()
    .describe('Injected failures, to test how callers react.'),
};

export const tcpRoutes = z
  .array(z.object(fields).describe('Where connections go.'))
  .max(1)
  .default([])
  .describe(
    'The route of connections to TCP ports. It decides about new connections; those that exist stay where they are. At most 1. Only if all targets are Services.',
  );

const TlsRoute = z
  .object({
    sni: listSet(
      z
        .array(shaped(hostname).describe('Server name, or *. and a domain for all names below it.'))
        .min(1)
        .max(8),
    ).describe('Server names that a client may ask for in its TLS handshake, 1 to 8.'),
    ...fields,
  })
  .describe('Where connections go that ask for one of the server names.');

export const tlsRoutes = z
  .array(TlsRoute)
  .max(16)
  .default([])
  .describe(
    'Routes of connections by the server name in the TLS handshake of the application, which is not decrypted. Evaluated in order; a connection that none matches gets the route in tcpRoutes. For Service ports with appProtocol tls or https, or a name that begins so. At most 16. Only if all targets are Services.',
  );

/** For a policy: what routes of connections refer to. */
export const connectionRouteRules = [
  {
    rule: "(self.tcpRoutes.size() == 0 && self.tlsRoutes.size() == 0) || self.targetRefs.all(t, t.kind == 'Service')",
    message:
      'Remove tcpRoutes and tlsRoutes, or target only Services: the same routes cannot be for all Services of a Namespace or the Mesh.',
  },
  ...(['tcpRoutes', 'tlsRoutes'] as const).map((field) => ({
    rule: `self.${field}.all(r, r.backends.all(b, !has(b.subset) || self.subsets.exists(s, s.name == b.subset)))`,
    message: `Declare each subset that a backend of ${field} refers to in spec.subsets, or fix its name.`,
  })),
];
