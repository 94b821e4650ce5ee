// Whom the targets of a SecurityPolicy lead to, which of them decides, and what the status says of targets that lead nowhere.
import { describe, expect, test } from '@jest/globals';
import type { MtlsModeIr } from '../../../../../operator/ir/inbound.ts';
import { translate } from '../../../../../operator/translate/translate.ts';
import { guardedByKey } from '../../../../../operator/values/own-names.ts';
import { meshedPod, resourcesOfDocuments, service, translateOptions } from '../../../../support/builders.ts';

const { operatorNamespace } = translateOptions;

function pod(name: string, labels: object, address: string, annotations: object = {}): object {
  const made = meshedPod(name, 'app', address);
  const { metadata } = made;
  return {
    ...made,
    metadata: { ...metadata, labels, annotations: { ...metadata.annotations, ...annotations } },
  };
}

function owner(kind: string, app: string): object {
  const labels = { app };
  return {
    kind,
    metadata: { name: app, namespace: 'shop' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
  };
}

const database = pod('db', { app: 'db', tier: 'back' }, '10.0.0.2');
const world = [
  { kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
  ...['shop', 'bank'].map((name) => ({
    kind: 'Namespace',
    metadata: { name, labels: { 'meshwright.dev/mesh': 'enabled' } },
  })),
  pod('web', { app: 'web', tier: 'front' }, '10.0.0.1'),
  database,
  pod('log', { app: 'log', tier: 'back' }, '10.0.0.3'),
  owner('Deployment', 'web'),
  owner('StatefulSet', 'db'),
  owner('DaemonSet', 'log'),
  service('web', { ports: [{ port: 9080, name: 'http' }] }),
  {
    kind: 'ExternalWorkload',
    metadata: { name: 'vm', namespace: 'shop', labels: { tier: 'back' } },
    spec: { address: '192.0.2.1', serviceAccount: 'vm', ports: [{ port: 80, applicationPort: 8080 }] },
  },
  {
    kind: 'ExternalWorkload',
    metadata: { name: 'other', namespace: 'bank' },
    spec: { address: '192.0.2.2', serviceAccount: 'vm', ports: [{ port: 80, applicationPort: 8080 }] },
  },
];

function policy(spec: object, namespace = 'shop', name = 'guard'): object {
  return {
    kind: 'SecurityPolicy',
    metadata: { name, namespace },
    spec: { mtls: { mode: 'Strict' }, ...spec },
  };
}

interface Looked {
  /** Workload → its mode. */
  readonly modes: Readonly<Record<string, MtlsModeIr>>;
  readonly said: readonly string[];
  readonly records: Readonly<Record<string, string | null>>;
}

function look(...documents: readonly object[]): Looked {
  const { ir, verdicts, podRecords } = translate(resourcesOfDocuments(documents), translateOptions);
  if (ir === null) throw new Error('there is a Mesh');
  return {
    modes: Object.fromEntries(
      ir.workloads.map(({ name, otherInbound, inbound, intercepted }) => [
        name,
        (intercepted ? otherInbound.mtls : inbound[0]?.mtls) ?? 'Disabled',
      ]),
    ),
    said: verdicts
      .filter(({ origin }) => origin.kind === 'SecurityPolicy')
      .map(({ conditions }) => `${conditions[0]?.status} ${conditions[0]?.message}`),
    records: Object.fromEntries(podRecords.map(({ name, value }) => [name, value])),
  };
}

function strictIn(modes: Looked['modes']): readonly string[] {
  return Object.keys(modes)
    .filter((name) => modes[name] === 'Strict')
    .toSorted();
}

describe('targets', () => {
  const ref = (kind: string, name: string): object => ({ targetRefs: [{ kind, name }] });

  test.each([
    {
      it: 'the Mesh',
      spec: ref('Mesh', 'default'),
      namespace: operatorNamespace,
      reached: ['db', 'log', 'other', 'vm', 'web'],
    },
    { it: 'the Namespace', spec: ref('Namespace', 'shop'), reached: ['db', 'log', 'vm', 'web'] },
    { it: 'a Deployment', spec: ref('Deployment', 'web'), reached: ['web'] },
    { it: 'a StatefulSet', spec: ref('StatefulSet', 'db'), reached: ['db'] },
    { it: 'a DaemonSet', spec: ref('DaemonSet', 'log'), reached: ['log'] },
    { it: 'an ExternalWorkload', spec: ref('ExternalWorkload', 'vm'), reached: ['vm'] },
    { it: 'a selector', spec: { selector: { matchLabels: { tier: 'back' } } }, reached: ['db', 'log', 'vm'] },
    {
      it: 'a selector of two labels',
      spec: { selector: { matchLabels: { tier: 'back', app: 'db' } } },
      reached: ['db'],
    },
    {
      it: 'a selector and a target',
      spec: { ...ref('Deployment', 'web'), selector: { matchLabels: { app: 'db' } } },
      reached: ['db', 'web'],
    },
  ])('$it', ({ spec, namespace, reached }) => {
    const { modes, said } = look(...world, policy(spec, namespace));

    expect(strictIn(modes)).toEqual(reached);
    expect(said).toEqual(['True Accepted.']);
  });

  test.each([
    {
      spec: ref('Mesh', 'default'),
      message: `Only a policy in namespace ${operatorNamespace} can target the Mesh`,
    },
    { spec: ref('Mesh', 'other'), namespace: operatorNamespace, message: 'Mesh other is not in force.' },
    { spec: ref('Namespace', 'bank'), message: 'A policy can only target its own namespace, shop.' },
    { spec: ref('StatefulSet', 'web'), message: 'StatefulSet shop/web does not exist.' },
    { spec: ref('ExternalWorkload', 'other'), message: 'ExternalWorkload shop/other does not exist.' },
  ])('$message', ({ spec, namespace, message }) => {
    const { modes, said } = look(...world, policy(spec, namespace));

    expect(strictIn(modes)).toEqual([]);
    expect(said[0]).toContain(`False ${message}`);
  });

  test('the more specific target decides the mode', () => {
    const open = { mtls: { mode: 'Permissive' } };
    const { modes } = look(
      ...world,
      policy(ref('Mesh', 'default'), operatorNamespace),
      policy({ ...ref('Namespace', 'shop'), ...open }, 'shop', 'namespace'),
      policy({ selector: { matchLabels: { tier: 'back' } } }, 'shop', 'selector'),
    );

    expect(strictIn(modes)).toEqual(['db', 'log', 'other', 'vm']);
  });

  test('rules of all levels add up', () => {
    const rules = (name: string): object => ({
      mtls: undefined,
      authorization: { rules: [{ name, action: 'Deny' }] },
    });
    const { ir } = translate(
      resourcesOfDocuments([
        ...world,
        policy({ ...ref('Mesh', 'default'), ...rules('mesh') }, operatorNamespace),
        policy({ ...ref('Namespace', 'shop'), ...rules('namespace') }, 'shop', 'namespace'),
        policy({ ...ref('StatefulSet', 'db'), ...rules('db') }, 'shop', 'db'),
      ]),
      translateOptions,
    );
    const db = ir?.workloads.find(({ name }) => name === 'db');

    expect(db?.otherInbound.authorization.deny.map(({ id }) => id)).toEqual([
      `${operatorNamespace}/guard/mesh`,
      'shop/db/db',
      'shop/namespace/namespace',
    ]);
  });
});

describe('pods that a selector no longer selects', () => {
  const spec = { selector: { matchLabels: { tier: 'back' } } };
  const relabelled = (record: string | null | undefined): object =>
    pod('db', { app: 'db' }, '10.0.0.2', { [guardedByKey]: record ?? '' });
  const others = world.filter((object) => object !== database);

  test('stay guarded, and the policy says so', () => {
    const { records } = look(...world, policy(spec));
    const { modes, said } = look(...others, relabelled(records['db']), policy(spec));

    expect(strictIn(modes)).toEqual(['db', 'log', 'vm']);
    expect(said[0]).toContain('still applies to pods that selector tier=back no longer selects');
  });

  test('are let go when the policy gets another selector', () => {
    const { records } = look(...world, policy(spec));
    const changed = policy({ selector: { matchLabels: { tier: 'front' } } });

    expect(strictIn(look(...others, relabelled(records['db']), changed).modes)).toEqual(['web']);
  });

  test('of a Namespace and the Mesh nothing has to be recorded', () => {
    expect(look(...world, policy({ targetRefs: [{ kind: 'Namespace', name: 'shop' }] })).records).toEqual({});
  });
});

test('rules on trial put no tokens on trial: ports without requests, which have none, stay closed', () => {
  const authentication = { jwt: [{ name: 'corp', issuer: 'corp', jwks: { inline: '{"keys":[]}' } }] };
  const denies = (enforcement: string): readonly (readonly string[])[] => {
    const spec = {
      targetRefs: [{ kind: 'StatefulSet', name: 'db' }],
      authentication,
      authorization: { enforcement, rules: [] },
    };
    const { ir } = translate(resourcesOfDocuments([...world, policy(spec)]), translateOptions);
    const { otherInbound } = ir?.workloads.find(({ name }) => name === 'db') ?? {};
    return [otherInbound?.authorization.deny.map(({ id }) => id) ?? []];
  };

  expect(denies('Audit')).toEqual([['shop/guard/token-required']]);
  expect(denies('Enforce')).toEqual([['shop/guard/token-required']]);
});
