// What the leader fetches and when, what it stores, and what it says of it.
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KeyReport } from '../../../operator/conditions/key-report.ts';
import type { KeySourceIr } from '../../../operator/ir/key-source.ts';
import type { LoginEndpointsIr } from '../../../operator/ir/login-endpoints.ts';
import { KeyFetcher } from '../../../operator/jwks/fetcher.ts';
import type { FetchOutcome } from '../../../operator/jwks/key-set-fetch.ts';
import { storedKeysIn } from '../../../operator/jwks/stored-keys.ts';
import { unusedGraceMs } from '../../../operator/jwks/unused-keys.ts';
import type { ConfigMap } from '../../../operator/objects/objects.ts';
import { issueKey, keySet } from '../../support/data-plane/issuer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

const start = Date.parse('2026-11-29T12:00:00Z');
const a: KeySourceIr = {
  id: 'a',
  uri: 'https://a.example',
  issuer: null,
  caBundle: null,
  refreshMs: 300_000,
  providers: ['shop/reviews/corp'],
};
const b: KeySourceIr = { ...a, id: 'b', uri: 'https://b.example', providers: ['shop/reviews/other'] };
const failed: FetchOutcome = { type: 'failed', problem: 'It does not answer.', detail: 'ECONNREFUSED' };

/** An operator's fetcher, with ConfigMaps that come back as an API server sends them. */
class World {
  readonly clock = new FakeClock(start);
  readonly asked: string[] = [];
  readonly answers = new Map<string, FetchOutcome | Promise<FetchOutcome>>();
  readonly configMaps = new Map<string, ConfigMap>();
  sources: readonly KeySourceIr[] = [];
  reports: readonly KeyReport[] = [];
  isReadOnly = false;
  readonly fetcher = new KeyFetcher({
    fetch: async ({ uri }) => {
      this.asked.push(uri);
      return this.answers.get(uri) ?? failed;
    },
    configMaps: {
      write: async (name, data) => {
        if (this.isReadOnly) throw new Error('forbidden');
        this.configMaps.set(name, { kind: 'ConfigMap', metadata: { name }, data });
        this.tell();
      },
      remove: async (name) => {
        if (this.isReadOnly) throw new Error('forbidden');
        this.configMaps.delete(name);
        this.tell();
      },
    },
    clock: this.clock,
    random: () => 0.5,
    log: rememberingLog().log,
    onFetched: () => undefined,
    onReports: (reports) => {
      this.reports = reports;
    },
  });

  tell(sources = this.sources): void {
    this.sources = sources;
    this.fetcher.set(sources, storedKeysIn([...this.configMaps.values()]));
  }

  kidsStored(id: string): readonly (string | undefined)[] | undefined {
    return storedKeysIn([...this.configMaps.values()])
      .get(id)
      ?.keys.map(({ kid }) => kid);
  }
}

let world: World;
let one: FetchOutcome;
let two: FetchOutcome;

beforeEach(async () => {
  world = new World();
  const [first, second] = await Promise.all([issueKey('first', 'ES256'), issueKey('second', 'ES256')]);
  one = { type: 'fetched', text: keySet(first) };
  two = { type: 'fetched', text: keySet(first, second) };
});

test('nobody is asked by an operator that does not lead', async () => {
  world.tell([a]);
  await world.clock.pass(600_000);

  expect(world.asked).toEqual([]);
  expect(world.reports).toEqual([]);
});

describe('the leader', () => {
  beforeEach(() => {
    world.fetcher.onStartedLeading();
  });

  test('fetches at once, stores what it gets, and again after the interval', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    expect(world.reports).toEqual([
      { providers: a.providers, from: 'uri', keys: null, notes: [], problem: null },
    ]);
    await world.clock.pass(0);

    expect(world.kidsStored('a')).toEqual(['first']);
    expect(world.reports[0]).toMatchObject({
      keys: { count: 1, sinceMs: start, fetchedMs: start },
      problem: null,
    });

    world.answers.set(a.uri, two);
    await world.clock.pass(299_000);
    expect(world.asked).toHaveLength(1);
    await world.clock.pass(1_000);
    expect(world.kidsStored('a')).toEqual(['first', 'second']);
    expect(world.reports[0]?.keys).toEqual({
      count: 2,
      sinceMs: start + 300_000,
      fetchedMs: start + 300_000,
    });
  });

  test('asks again after 1 s, 2 s, 4 s while it gets nothing', async () => {
    world.tell([a]);
    await world.clock.pass(0);
    expect(world.reports[0]).toMatchObject({ keys: null, problem: 'It does not answer.' });
    await world.clock.pass(7_000);

    expect(world.asked).toHaveLength(4);
  });

  test.each([
    ['garbage', '<html>secret</html>'],
    ['nothing', ''],
    ['no keys', '{"keys":[]}'],
    ['a thousand keys', JSON.stringify({ keys: Array.from({ length: 1_000 }, () => ({ kty: 'RSA' })) })],
    ['one kid twice', 'twice'],
  ])('keeps the last keys when the answer is %s, and says so at once without quoting it', async (_, text) => {
    world.answers.set(a.uri, two);
    world.tell([a]);
    await world.clock.pass(0);
    const first = await issueKey('secret', 'ES256');
    world.answers.set(a.uri, { type: 'fetched', text: text === 'twice' ? keySet(first, first) : text });
    await world.clock.pass(300_000);

    expect(world.kidsStored('a')).toEqual(['first', 'second']);
    expect(world.reports[0]).toMatchObject({ keys: { count: 2, fetchedMs: start } });
    expect(world.reports[0]?.problem).toContain('cannot be used');
    expect(world.reports[0]?.problem).not.toContain('secret');
  });

  test('says that an issuer with keys does not answer once it has not for three times', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(0);
    world.answers.set(a.uri, failed);

    await world.clock.pass(301_000);
    expect(world.reports[0]?.problem).toBeNull();
    await world.clock.pass(2_000);
    expect(world.reports[0]?.problem).toBe('It does not answer.');
    world.answers.set(a.uri, one);
    await world.clock.pass(4_000);
    expect(world.reports[0]?.problem).toBeNull();
  });

  test('waits for nobody: an issuer that never answers holds up no other', async () => {
    world.answers.set(a.uri, new Promise(() => undefined));
    world.answers.set(b.uri, one);
    world.tell([a, b]);
    await world.clock.pass(600_000);

    expect(world.asked.filter((uri) => uri === b.uri)).toHaveLength(3);
    expect(world.kidsStored('b')).toEqual(['first']);
  });

  test('has the keys that are stored until a fetch says otherwise', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(0);
    await world.fetcher.onStoppedLeading();
    expect(world.reports).toEqual([]);
    world.answers.set(a.uri, failed);
    world.clock.advance(60_000);
    world.fetcher.onStartedLeading();
    await world.clock.pass(10_000);

    expect(world.kidsStored('a')).toEqual(['first']);
    expect(world.reports[0]).toMatchObject({
      keys: { count: 1, sinceMs: start, fetchedMs: start },
      problem: 'It does not answer.',
    });
  });

  test('stores again what somebody has deleted, though the issuer is down', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(0);
    world.answers.set(a.uri, failed);
    world.configMaps.clear();
    world.tell();
    await world.clock.pass(0);

    expect(world.kidsStored('a')).toEqual(['first']);
  });

  test('says so when it cannot store keys, and tries again', async () => {
    world.isReadOnly = true;
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(0);
    expect(world.reports[0]?.problem).toContain('cannot store the keys');

    world.isReadOnly = false;
    await world.clock.pass(1_000);
    expect(world.kidsStored('a')).toEqual(['first']);
    expect(world.reports[0]?.problem).toBeNull();
  });

  test('writes the time of an unchanged set once an hour', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(3_600_000);
    const [stored] = storedKeysIn([...world.configMaps.values()]).values();
    expect(stored?.fetchedMs).toBe(start);

    await world.clock.pass(600_000);
    const [later] = storedKeysIn([...world.configMaps.values()]).values();
    expect(later).toMatchObject({ sinceMs: start, fetchedMs: start + 3_900_000 });
  });

  test('deletes a set that no policy asks for after a while, and not before', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(0);
    world.tell([]);
    await world.clock.pass(unusedGraceMs - 1);
    expect(world.kidsStored('a')).toEqual(['first']);
    await world.clock.pass(1);

    expect(world.configMaps.size).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  test('keeps one that is asked for again in time', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(0);
    world.tell([]);
    await world.clock.pass(unusedGraceMs - 1);
    world.tell([a]);
    await world.clock.pass(unusedGraceMs);

    expect(world.kidsStored('a')).toEqual(['first']);
  });

  test('takes a shorter interval at once', async () => {
    world.answers.set(a.uri, one);
    world.tell([a]);
    await world.clock.pass(40_000);
    world.tell([{ ...a, refreshMs: 60_000 }]);
    await world.clock.pass(20_000);

    expect(world.asked).toHaveLength(2);
  });

  test('has no timers when it no longer leads', async () => {
    world.answers.set(a.uri, one);
    world.tell([a, b]);
    await world.clock.pass(0);
    world.tell([b]);
    await world.fetcher.onStoppedLeading();

    expect(world.clock.pending).toBe(0);
  });
});

test('endpoints of an issuer are stored with its keys, stay while it fails, and change without new keys', async () => {
  const source: KeySourceIr = { ...a, issuer: 'https://a.example' };
  const at = (name: string): LoginEndpointsIr => ({
    authorizationEndpoint: `https://a.example/${name}`,
    tokenEndpoint: 'https://a.example/token',
  });
  const stored = (): LoginEndpointsIr | null | undefined =>
    storedKeysIn([...world.configMaps.values()]).get('a')?.endpoints;
  world.answers.set(a.uri, { ...one, from: 'documentUri', endpoints: at('one') } as FetchOutcome);
  world.tell([source]);
  world.fetcher.onStartedLeading();
  expect(world.reports[0]?.from).toBe('document');
  await world.clock.pass(0);
  expect(stored()).toEqual(at('one'));

  world.answers.set(a.uri, { ...failed, from: 'document' });
  await world.clock.pass(400_000);
  expect(stored()).toEqual(at('one'));

  world.answers.set(a.uri, { ...one, from: 'documentUri', endpoints: at('two') } as FetchOutcome);
  await world.clock.pass(400_000);
  expect(stored()).toEqual(at('two'));
  await world.fetcher.onStoppedLeading();
});
