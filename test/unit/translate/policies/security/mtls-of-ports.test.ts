// Modes of single ports: which policy decides a port, what the status says of those that do not, and of ports that no target has.
import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../../operator/translate/translate.ts';
import { meshedPod, resourcesOfDocuments, service, translateOptions } from '../../../../support/builders.ts';

const labels = { app: 'web' };
const world = [
  { kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
  { kind: 'Namespace', metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } } },
  meshedPod('web', 'web', '10.0.0.1'),
  {
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
  },
  service('web', { ports: [{ port: 80, targetPort: 9080, name: 'http' }] }),
  {
    kind: 'ExternalWorkload',
    metadata: { name: 'vm', namespace: 'shop' },
    spec: { address: '192.0.2.1', serviceAccount: 'vm', ports: [{ port: 7070 }] },
  },
];

const targets = {
  namespace: { targetRefs: [{ kind: 'Namespace', name: 'shop' }] },
  service: { targetRefs: [{ kind: 'Service', name: 'web' }] },
  deployment: { targetRefs: [{ kind: 'Deployment', name: 'web' }] },
  external: { targetRefs: [{ kind: 'ExternalWorkload', name: 'vm' }] },
  mesh: { targetRefs: [{ kind: 'Mesh', name: 'default' }] },
};

interface Said {
  readonly target: keyof typeof targets;
  readonly mode?: string;
  readonly ports?: Readonly<Record<number, string>>;
}

/** The first is the oldest: p0. */
function policies(said: readonly Said[]): readonly object[] {
  return said.map(({ target, mode, ports = {} }, index) => {
    const list = Object.entries(ports).map(([port, of]) => ({ port: Number(port), mode: of }));
    return {
      kind: 'SecurityPolicy',
      metadata: {
        name: `p${index}`,
        namespace: target === 'mesh' ? translateOptions.operatorNamespace : 'shop',
        creationTimestamp: `2026-01-01T00:00:0${index}Z`,
      },
      spec: { ...targets[target], mtls: { ...(mode !== undefined && { mode }), ports: list } },
    };
  });
}

function translated(...said: readonly Said[]): ReturnType<typeof translate> {
  return translate(resourcesOfDocuments([...world, ...policies(said)]), translateOptions);
}

/** `9080 Strict, other Permissive` */
function modes(...said: readonly Said[]): string {
  const { ir } = translated(...said);
  const pod = ir?.workloads.find(({ name }) => name === 'web');
  const ports = pod?.inbound.map(({ port, mtls }) => `${port} ${mtls}`) ?? [];
  return [...ports, `other ${pod?.otherInbound.mtls}`].join(', ');
}

test.each<readonly [string, string, ...Said[]]>([
  ['nobody', '9080 Permissive, other Permissive'],
  [
    'a port of a Service',
    '9080 Permissive, other Strict',
    { target: 'deployment', mode: 'Strict', ports: { 9080: 'Permissive' } },
  ],
  [
    'a port that no Service names',
    '9080 Strict, 9090 Disabled, other Strict',
    { target: 'deployment', mode: 'Strict', ports: { 9090: 'Disabled' } },
  ],
  [
    'ports alone leave the others to the Mesh',
    '9080 Permissive, 9090 Strict, other Permissive',
    { target: 'deployment', ports: { 9090: 'Strict' } },
  ],
  [
    'ports alone leave the others to the next policy',
    '9080 Strict, 9090 Permissive, other Strict',
    { target: 'deployment', ports: { 9090: 'Permissive' } },
    { target: 'namespace', mode: 'Strict' },
  ],
  [
    'of one level, a port before all ports, though younger',
    '9080 Strict, 9090 Permissive, other Strict',
    { target: 'namespace', mode: 'Strict' },
    { target: 'namespace', ports: { 9090: 'Permissive' } },
  ],
  [
    'of one level, the older of two about a port',
    '9080 Permissive, 9090 Strict, other Permissive',
    { target: 'namespace', ports: { 9090: 'Strict' } },
    { target: 'namespace', ports: { 9090: 'Disabled' } },
  ],
  [
    'a port of a wider target does not open what a narrower one closes',
    '9080 Strict, 9090 Strict, other Strict',
    { target: 'namespace', ports: { 9090: 'Permissive', 9080: 'Disabled' } },
    { target: 'deployment', mode: 'Strict' },
  ],
  [
    'a port of a narrower target',
    '9080 Strict, 9090 Permissive, other Strict',
    { target: 'mesh', ports: { 9090: 'Strict' }, mode: 'Strict' },
    { target: 'namespace', ports: { 9090: 'Permissive' } },
  ],
  [
    'a policy for a Service is about its ports only',
    '9080 Disabled, other Permissive',
    { target: 'service', mode: 'Strict', ports: { 9080: 'Disabled', 9090: 'Strict' } },
  ],
])('the mode of a port: %s', (_name, expected, ...said) => {
  expect(modes(...said)).toBe(expected);
});

describe('ports beyond the bound', () => {
  const many = (first: number, mode: string, target: Said['target'] = 'deployment'): Said => ({
    target,
    ports: Object.fromEntries(Array.from({ length: 16 }, (_, at) => [first + at, mode])),
  });
  const open = [20_000, 21_000, 22_000, 23_000].map((first) => many(first, 'Permissive'));

  test.each<readonly [string, string, ...Said[]]>([
    ['are open if none is to be Strict', 'Permissive', many(24_000, 'Disabled')],
    ['are Strict with all others if one of them is to be', 'Strict', many(24_000, 'Strict')],
    ['are not those of Services', 'Permissive', { target: 'deployment', ports: { 9080: 'Strict' } }],
    [
      'are open if only one that is told apart is Strict',
      'Permissive',
      many(24_000, 'Permissive'),
      { target: 'deployment', ports: { 10_000: 'Strict' } },
    ],
    [
      'are open if a more specific policy opens all ports',
      'Permissive',
      { target: 'deployment', mode: 'Permissive' },
      many(24_000, 'Strict', 'namespace'),
    ],
  ])('%s', (_, expected, ...said) => {
    expect(modes(...open, ...said)).toMatch(new RegExp(`other ${expected}$`));
  });
});

describe('what the status says', () => {
  function conditions(...said: readonly Said[]): readonly string[] {
    return translated(...said).verdicts.flatMap(({ origin, conditions: all }) =>
      all
        .filter(({ type, status }) => type !== 'ResolvedRefs' && (type !== 'Accepted' || status === 'False'))
        .map(({ type, status, reason, message }) => `${origin.name} ${type}=${status} ${reason}: ${message}`),
    );
  }

  test('of a policy that loses a port to one of the same target', () => {
    expect(
      conditions(
        { target: 'namespace', mode: 'Strict' },
        { target: 'namespace', ports: { 9080: 'Permissive' } },
      ),
    ).toEqual([
      'p0 Overridden=True Overridden: SecurityPolicy shop/p1 sets mtls.mode for port 9080 instead, because it targets the Namespace and names the port.',
    ]);
  });

  test('of a policy that loses all of its ports', () => {
    const lost =
      'SecurityPolicy shop/p0 already sets mtls.mode for port 9080 because it is older. Merge the two, or change the targets.';
    expect(
      conditions(
        { target: 'namespace', ports: { 9080: 'Strict' } },
        { target: 'namespace', ports: { 9080: 'Permissive' } },
      ),
    ).toEqual([`p1 Accepted=False Conflicted: ${lost}`, `p1 Overridden=True Conflicted: ${lost}`]);
  });

  test('of a policy that loses ports of several workloads: in the order of the ports, whichever workload is first', () => {
    const written = policies([
      { target: 'namespace', ports: { 443: 'Strict', 9080: 'Strict', 7070: 'Strict' } },
      { target: 'external', ports: { 7070: 'Permissive' } },
      { target: 'deployment', ports: { 9080: 'Permissive', 443: 'Permissive' } },
    ]);
    const messages = [world, world.toReversed()].map((objects) =>
      translate(resourcesOfDocuments([...objects, ...written]), translateOptions)
        .verdicts.flatMap(({ conditions: all }) => all)
        .map(({ message }) => /mtls.mode for port 443[^.]*/.exec(message)?.[0])
        .filter((message) => message !== undefined),
    );

    expect(messages[0]).toEqual([expect.stringMatching(/^mtls.mode for port 443, port 9080 instead/)]);
    expect(messages[1]).toEqual(messages[0]);
  });

  test('of a policy that loses a port and all others', () => {
    expect(
      conditions(
        { target: 'namespace', mode: 'Permissive', ports: { 9080: 'Disabled' } },
        { target: 'deployment', mode: 'Strict' },
      ),
    ).toEqual([
      'p0 Overridden=True Overridden: SecurityPolicy shop/p1 sets mtls.mode for port 9080, the other ports instead, because it targets the Deployment.',
    ]);
  });

  const missing = (name: string, port: string): string =>
    `${name} Warning=True PortNotFound: No target has port ${port} of mtls.ports: no Service leads to it, and no container, probe or ExternalWorkload declares it. Write ports of workloads, such as targetPort of a Service; declare those that nothing else tells of as containerPort.`;

  test.each<readonly [string, readonly string[], Said]>([
    ['that a Service leads to', [], { target: 'deployment', ports: { 9080: 'Strict' } }],
    [
      'of a Service, not of its workload',
      [missing('p0', '80')],
      { target: 'service', ports: { 80: 'Strict' } },
    ],
    [
      'that nothing tells of',
      [missing('p0', '9090')],
      { target: 'namespace', ports: { 9080: 'Strict', 9090: 'Strict' } },
    ],
    ['that an ExternalWorkload has', [], { target: 'external', ports: { 7070: 'Strict' } }],
    ['that it has not', [missing('p0', '7071')], { target: 'external', ports: { 7071: 'Strict' } }],
  ])('of a port %s', (_name, expected, said) => {
    expect(conditions(said)).toEqual(expected);
  });
});
