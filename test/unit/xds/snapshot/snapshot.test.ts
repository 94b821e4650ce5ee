// Snapshots: the same content has the same bytes, versions and identity, and what cannot be published keeps what was.
// The numbers are those of test/protocol/README.md.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { encodeAny } from '../../../../operator/envoy/proto/registry.ts';
import { typeUrl as url, type TypeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import type { EnvoyMessage } from '../../../../operator/envoy/proto/envoy-message.ts';
import type { XdsResource } from '../../../../operator/envoy/resources/xds-resource.ts';
import {
  buildSnapshot,
  isSameContent,
  type SnapshotTools,
} from '../../../../operator/xds/snapshot/snapshot.ts';
import type { Entry, Snapshot } from '../../../../operator/xds/snapshot/types.ts';

const tools: SnapshotTools = {
  encodeAny,
  check: (_type, message) => (message['alt_stat_name'] === 'bad' ? ['alt_stat_name is bad.'] : []),
};

function cluster(name: string, mark = 'good', more: EnvoyMessage = {}): XdsResource {
  return resource(url.cluster, name, { name, alt_stat_name: mark, ...more });
}

function host(
  name: string,
  domain: string,
  message: EnvoyMessage = { name, domains: [domain] },
): XdsResource {
  return { ...resource(url.virtualHost, name, message), exclusiveKeys: [domain] };
}

function resource(typeUrl: TypeUrl, name: string, message: EnvoyMessage): XdsResource {
  const origins = [{ kind: 'Service', namespace: 'shop', name, generation: 1 }];
  return { typeUrl, name, message, origins, clusters: [], exclusiveKeys: [] };
}

type Layers = Readonly<Record<string, readonly XdsResource[]>>;

function snapshot(layers: Layers, previous: Snapshot | null = null): Snapshot {
  const views = new Map([['Pod/shop/cart', Object.keys(layers)]]);
  return buildSnapshot(previous, { layers: new Map(Object.entries(layers)), views }, tools);
}

function entriesOf(of: Snapshot, type: TypeUrl, layer = 'shared'): readonly Entry[] {
  const entries = of.layers.get(layer)?.get(type)?.entries.values() ?? [];
  return [...entries].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const broken = (name: string): XdsResource => resource(url.virtualHost, name, { no_such_field: 1 });

describe('versions', () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
    cluster(name, `mark of ${name}`, { metadata: { filter_metadata: { x: { k1: name, k2: '2' } } } }),
  );

  test('90, 91, 92: the same resources in any order have the same bytes and versions', () => {
    const expected = entriesOf(snapshot({ shared: many }), url.cluster);
    const shuffled = fc.shuffledSubarray(many, { minLength: many.length });

    fc.assert(
      fc.property(shuffled, (resources) => {
        const fresh = resources.map((it) => ({ ...it, message: reversed(it.message) }));
        expect(entriesOf(snapshot({ shared: fresh }), url.cluster)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test('91: a version depends on the content alone', () => {
    const [one, other] = entriesOf(snapshot({ shared: [cluster('a', 'x'), cluster('b', 'x')] }), url.cluster);
    const [again] = entriesOf(snapshot({ elsewhere: [cluster('a', 'x')] }), url.cluster, 'elsewhere');

    expect(one?.version).toMatch(/^[\w-]{16}$/);
    expect(other?.version).not.toBe(one?.version);
    expect(again?.version).toBe(one?.version);
  });

  test('20: a version comes back with its content', () => {
    const first = snapshot({ shared: [cluster('a', 'x')] });
    const second = snapshot({ shared: [cluster('a', 'y')] }, first);
    const third = snapshot({ shared: [cluster('a', 'x')] }, second);

    expect(entriesOf(third, url.cluster)).toEqual(entriesOf(first, url.cluster));
    expect([first, second, third].map((it) => it.generation)).toEqual([1, 2, 3]);
  });
});

describe('identity', () => {
  test('a resource that is another object and says the same is neither checked nor encoded again', () => {
    const encoded: unknown[] = [];
    const counting: SnapshotTools = {
      ...tools,
      encodeAny: (type, message) => {
        encoded.push(message['name']);
        return encodeAny(type, message);
      },
    };
    const build = (mark: string, previous: Snapshot | null): Snapshot => {
      const layers = new Map([['shared', [cluster('a', 'x'), cluster('b', mark)]]]);
      return buildSnapshot(previous, { layers, views: new Map() }, counting);
    };

    const first = build('x', null);
    const second = build('y', first);

    expect(encoded).toEqual(['a', 'b', 'b']);
    expect(entriesOf(second, url.cluster)[0]).toBe(entriesOf(first, url.cluster)[0]);
    expect(entriesOf(second, url.cluster)[1]?.version).not.toBe(entriesOf(first, url.cluster)[1]?.version);
  });

  test('87: layers and types that did not change are the same objects, and so is what did not change in others', () => {
    const first = snapshot({ shared: [cluster('a'), host('o/h', 'x')], own: [cluster('c')] });
    const second = snapshot({ shared: [cluster('a', 'new'), host('o/h', 'x')], own: [cluster('c')] }, first);

    expect(second.layers.get('own')).toBe(first.layers.get('own'));
    expect(second.layers.get('shared')).not.toBe(first.layers.get('shared'));
    expect(second.layers.get('shared')?.get(url.virtualHost)).toBe(
      first.layers.get('shared')?.get(url.virtualHost),
    );
    expect(isSameContent(first, second)).toBe(false);
  });

  test('90: building again from equal resources is the same content', () => {
    const first = snapshot({ shared: [cluster('a'), cluster('b')] });

    expect(isSameContent(first, snapshot({ shared: [cluster('b'), cluster('a')] }, first))).toBe(true);
    expect(isSameContent(first, snapshot({ shared: [cluster('a')] }, first))).toBe(false);
  });

  test('other origins are another entry of the same version: reports name them', () => {
    const first = snapshot({ shared: [cluster('a')] });
    const origins = [{ kind: 'Service', namespace: 'shop', name: 'a', generation: 2 }];
    const second = snapshot({ shared: [{ ...cluster('a'), origins }] }, first);
    const [before, after] = [entriesOf(first, url.cluster)[0], entriesOf(second, url.cluster)[0]];

    expect(after?.version).toBe(before?.version);
    expect(after?.origins).toEqual(origins);
    expect(isSameContent(first, second)).toBe(false);
  });
});

describe('what cannot be published', () => {
  test('86: a resource that fails a check keeps its last good entry, and is named with the reason', () => {
    const first = snapshot({ shared: [cluster('a', 'good'), cluster('b', 'good')] });
    const second = snapshot({ shared: [cluster('a', 'bad'), cluster('b', 'better')] }, first);

    expect(entriesOf(second, url.cluster)[0]).toBe(entriesOf(first, url.cluster)[0]);
    expect(entriesOf(second, url.cluster)[1]).not.toEqual(entriesOf(first, url.cluster)[1]);
    expect(second.invalid).toEqual([
      {
        layer: 'shared',
        typeUrl: url.cluster,
        name: 'a',
        message: 'alt_stat_name is bad.',
        origins: [{ kind: 'Service', namespace: 'shop', name: 'a', generation: 1 }],
      },
    ]);
  });

  test('86: with no last good entry it is left out, and the others go', () => {
    const built = snapshot({ shared: [cluster('a', 'bad'), cluster('b')] });

    expect(entriesOf(built, url.cluster).map((it) => it.name)).toEqual(['b']);
  });

  test('86: a message that cannot be encoded is no reason to throw', () => {
    const built = snapshot({ shared: [broken('o/h')] });

    expect(entriesOf(built, url.virtualHost)).toEqual([]);
    expect(built.invalid.map((it) => [it.name, it.message.includes('no_such_field')])).toEqual([
      ['o/h', true],
    ]);
  });

  test('86: the last good entry goes when its resource goes', () => {
    const first = snapshot({ shared: [cluster('a', 'good')] });
    const second = snapshot({ shared: [cluster('a', 'bad')] }, first);

    expect(entriesOf(snapshot({ shared: [] }, second), url.cluster)).toEqual([]);
  });

  test('of two that hold the same domain the first by name has it, and the other keeps what it had', () => {
    const first = snapshot({ shared: [host('o/a', 'x'), host('o/b', 'y')] });
    const second = snapshot({ shared: [host('o/a', 'x'), host('o/b', 'x')] }, first);

    expect(domains(second)).toEqual(['o/a x', 'o/b y']);
    expect(second.invalid.map((it) => it.message)).toEqual([
      'The domain x is held by o/a: give o/b another one, or remove one of the two.',
    ]);
  });

  test('a last good entry does not stay beside one that holds its domain', () => {
    const first = snapshot({ shared: [host('o/a', 'x'), host('o/b', 'y')] });
    const second = snapshot({ shared: [host('o/a', 'y'), host('o/b', 'y')] }, first);

    expect(domains(second)).toEqual(['o/a y']);
    expect(second.invalid.map((it) => it.name)).toEqual(['o/b']);
  });

  test('what is not published holds no domain', () => {
    const invalid = host('o/a', 'x', { no_such_field: 1 });

    expect(domains(snapshot({ shared: [invalid, host('o/b', 'x')] }))).toEqual(['o/b x']);
  });

  test('a last good entry whose successor is invalid gives way to whoever holds its domain now', () => {
    const first = snapshot({ shared: [host('o/a', 'y')] });
    const invalid = host('o/a', 'x', { no_such_field: 1 });

    expect(domains(snapshot({ shared: [invalid, host('o/b', 'y')] }, first))).toEqual(['o/b y']);
  });
});

function domains(of: Snapshot): readonly string[] {
  return entriesOf(of, url.virtualHost).map(({ name, exclusiveKeys }) => `${name} ${exclusiveKeys.join()}`);
}

/** The same message with its keys in the opposite order, all the way down. */
function reversed(message: EnvoyMessage): EnvoyMessage {
  const isMessage = (it: unknown): it is EnvoyMessage => typeof it === 'object' && it !== null;
  const turned = Object.entries(message).map(([key, it]) => [key, isMessage(it) ? reversed(it) : it]);
  return Object.fromEntries(turned.toReversed()) as EnvoyMessage;
}
