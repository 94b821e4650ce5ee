// Cases of ExternalWorkload.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('ExternalWorkload');
const address = '192.0.2.7';
const at = (where: string): object => ({ address: where });
const ports = (...list: object[]): object => ({ address, ports: list });
const outbound = (...list: object[]): object => ({ address, outbound: list });
const binding = { service: 'reviews', port: 9080, bindPort: 10_001 };
const literal = { field: 'spec.address', message: 'Write an IPv4 or IPv6 address' };

const unicast = { field: 'spec.address', message: 'Write the unicast address of one machine' };
const serviceAccount = 'reviews';

/** Addresses and ports by which a sidecar would call itself. */
const loops: readonly ApiCase[] = [
  ...[
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '0::0',
    '0:0:0:0:0:0:0:0',
    '::7f00:1',
    '::ffff:7f00:1',
    '0:0:0:0:0:FFFF:a00:7',
    'ff02::1',
    'FF0e::101',
    'fe80::1',
  ].map((ip) => refused(`address ${ip}`, at(ip), unicast)),
  refused(
    'the application where its sidecar listens',
    { address: '127.0.0.1', serviceAccount, ports: [{ port: 80 }] },
    { field: 'spec', message: 'set the applicationPort of each port to another number than port' },
  ),
  refused(
    'the application where its sidecar listens, said in full',
    { address: '127.0.0.1', serviceAccount, ports: [{ port: 80, applicationPort: 80 }] },
    { field: 'spec', message: 'set the applicationPort of each port to another number than port' },
  ),
  valid('sidecar and application at two addresses', {
    address: '127.0.0.2',
    serviceAccount,
    ports: [{ port: 80 }],
  }),
  valid('no sidecar at 127.0.0.1', { address: '127.0.0.1', ports: [{ port: 80 }] }),
  ...['127.0.0.1', '127.255.0.3', '::1', '0:0::0001'].map((ip) =>
    refused(
      `the outbound port of sidecars at ${ip}`,
      { address: ip, ports: [{ port: 80 }, { port: 15_001 }] },
      { field: 'spec', message: 'belong to the sidecar of the caller' },
    ),
  ),
  valid('port 15001 of another machine', ports({ port: 15_001 })),
  refused(
    'a binding where its application listens',
    { address, serviceAccount, ports: [{ port: 80, applicationPort: 10_001 }], outbound: [binding] },
    { field: 'spec', message: 'Set each bindPort to another number than the applicationPort' },
  ),
  refused(
    'a binding on all addresses where its application listens',
    {
      address,
      serviceAccount,
      ports: [{ port: 10_001 }],
      outbound: [{ ...binding, bindAddress: '0.0.0.0' }],
    },
    { field: 'spec', message: 'Set each bindPort to another number than the applicationPort' },
  ),
  valid('a binding on another loopback address', {
    address,
    serviceAccount,
    ports: [{ port: 10_001 }],
    outbound: [{ ...binding, bindAddress: '127.0.0.2' }],
  }),
];

export const externalWorkloadCases: readonly ApiCase[] = [
  ...loops,
  ...[
    '1.0.0.1',
    '223.255.255.254',
    '127.0.0.1',
    '::1',
    '0:0:0:0:0:0:0:1',
    'fd00::7',
    'ff::7',
    '64:ff9b::c000:207',
    '1::',
    '1:2:3:4:5:6:7:8',
    '2001:DB8::a:b',
  ].map((ip) => valid(`address ${ip}`, at(ip))),
  ...[
    'vm.example.org',
    '256.0.0.1',
    '1.2.3',
    '01.2.3.4',
    '1:2:3',
    '1::2::3',
    '[::1]',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7:8:9',
    '192.0.2.7:80',
  ].map((ip) => refused(`address ${ip}`, at(ip), literal)),
  refused('no address', {}, { field: 'spec.address' }),
  valid('every field', {
    address,
    serviceAccount: 'reviews',
    ports: [
      { name: 'http', port: 9080, appProtocol: 'kubernetes.io/h2c', applicationPort: 19_080 },
      { port: 9090 },
    ],
    outbound: [
      binding,
      { ...binding, namespace: 'shop', bindAddress: '::1' },
      { ...binding, bindPort: 10_002 },
    ],
  }),
  refused('two ports of one name', ports({ name: 'a', port: 1 }, { name: 'a', port: 2 }), {
    field: 'spec.ports',
    message: 'Give each port a different name.',
  }),
  valid('ports without names', ports({ port: 1 }, { port: 2 })),
  refused('a port twice', ports({ port: 1 }, { port: 1 }), { field: 'spec.ports[1]' }),
  refused('a port above 65535', ports({ port: 65_536 }), { field: 'spec.ports[0].port' }),
  refused(
    'a service account in upper case',
    { address, serviceAccount: 'Reviews' },
    {
      field: 'spec.serviceAccount',
      message: 'Use lower-case letters',
    },
  ),
  refused(
    'the identity of the operator',
    { address, serviceAccount: 'meshwright-operator' },
    {
      field: 'spec.serviceAccount',
      message: 'Name another service account',
    },
  ),
  refused(
    'two bindings of one address and port',
    outbound(binding, { ...binding, bindAddress: '127.0.0.1' }),
    {
      field: 'spec.outbound[1]',
    },
  ),
  refused('a binding on a host name', outbound({ ...binding, bindAddress: 'localhost' }), {
    field: 'spec.outbound[0].bindAddress',
    message: 'Write an IPv4 or IPv6 address',
  }),
  refused('a binding without a port', outbound({ service: 'a', port: 1 }), {
    field: 'spec.outbound[0].bindPort',
  }),
];
