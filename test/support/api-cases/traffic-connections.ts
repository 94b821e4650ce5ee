// Cases of TrafficPolicy: routes of connections.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const targetRefs = [{ kind: 'Service', name: 'db' }];
const subsets = [{ name: 'v1', matchLabels: { version: 'v1' } }];
const routing = (routes: object): object => ({ targetRefs, subsets, ...routes });
const tcp = (...tcpRoutes: object[]): object => routing({ tcpRoutes });
const tls = (...tlsRoutes: object[]): object => routing({ tlsRoutes });

export const connectionRouteCases: readonly ApiCase[] = [
  valid('a TCP route with weights', tcp({ backends: [{ subset: 'v1', weight: 3 }, { weight: 1 }] })),
  valid('a TCP route alone', { targetRefs, tcpRoutes: [{ fault: { abort: { percentage: 0.001 } } }] }),
  valid('TLS routes and a TCP route', {
    ...tls({ sni: ['db.example.com', '*.example.org'], backends: [{ subset: 'v1' }] }),
    tcpRoutes: [{}],
  }),
  refused('two TCP routes', tcp({}, {}), { field: 'spec.tcpRoutes' }),
  refused('a TCP route with weights that are all 0', tcp({ backends: [{ weight: 0 }] }), {
    field: 'spec.tcpRoutes[0].backends',
    message: 'Give at least one backend a weight above 0.',
  }),
  refused('a TCP route to a subset that is not declared', tcp({ backends: [{ subset: 'v3' }] }), {
    field: 'spec',
    message: 'Declare each subset that a backend of tcpRoutes refers to in spec.subsets',
  }),
  refused('a TLS route to a subset that is not declared', tls({ sni: ['a'], backends: [{ subset: 'v3' }] }), {
    field: 'spec',
    message: 'Declare each subset that a backend of tlsRoutes refers to in spec.subsets',
  }),
  refused('a TLS route without a server name', tls({ backends: [{ subset: 'v1' }] }), {
    field: 'spec.tlsRoutes[0].sni',
  }),
  refused('a TLS route for no server name', tls({ sni: [] }), { field: 'spec.tlsRoutes[0].sni' }),
  refused('a server name in upper case', tls({ sni: ['DB.example.com'] }), {
    field: 'spec.tlsRoutes[0].sni[0]',
    message: 'Write a host name in lower case without a port',
  }),
  refused('a server name that could be something else', tls({ sni: ["a' || true || '"] }), {
    field: 'spec.tlsRoutes[0].sni[0]',
    message: 'Write a host name in lower case without a port',
  }),
  refused('a TCP fault without a failure', tcp({ fault: {} }), { field: 'spec.tcpRoutes[0].fault.abort' }),
  refused('a TCP fault beyond a thousandth of a percent', tcp({ fault: { abort: { percentage: 0.0001 } } }), {
    field: 'spec.tcpRoutes[0].fault.abort.percentage',
    message: 'Write a percentage with at most three decimals',
  }),
  ...['Namespace', 'Mesh'].map((kind) =>
    refused(
      `TCP routes for a ${kind}`,
      { targetRefs: [{ kind, name: 'shop' }], tcpRoutes: [{}] },
      { field: 'spec', message: 'Remove tcpRoutes and tlsRoutes, or target only Services' },
    ),
  ),
];
