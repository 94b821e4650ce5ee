// What happens after a NACK, on the pure session. The numbers are those of test/protocol/README.md.
import { describe, expect, test } from '@jest/globals';
import { culpritsOf, normalise } from '../../operator/xds/session/nack.ts';
import { reportOf } from '../../operator/xds/session/report.ts';
import { SessionDriver } from '../support/session-driver.ts';
import { CDS, EDS, LDS, VHDS, entry } from '../support/xds-world.ts';

function withHosts(names: readonly string[]): SessionDriver {
  const driver = new SessionDriver();
  driver.publish({ [VHDS]: names.map((name) => `${name}@1`).join(' ') });
  driver.request(VHDS);
  driver.ack(VHDS);
  return driver;
}

describe('a NACK', () => {
  test('14: the same content is not sent again; changed content is, at once', () => {
    const driver = withHosts(['o/a']);
    driver.publish({ [VHDS]: 'o/a@bad' });

    expect(driver.nack(VHDS, 'missing ): ((')).toEqual([]);
    expect(driver.publish({ [VHDS]: 'o/a@bad' })).toEqual([]);
    expect(driver.publish({ [VHDS]: 'o/a@good' })).toEqual(['VHDS o/a@good']);
  });

  test('53: nothing of the response counts as known; a culprit named by Envoy is left out of the next one', () => {
    const driver = new SessionDriver();
    driver.publish({ [LDS]: 'a@1 b@1 c@1' });
    driver.request(LDS);
    driver.ack(LDS);
    driver.publish({ [LDS]: 'a@2 b@2 c@2' });

    const sent = driver.nack(LDS, 'Error adding/updating listener(s) b: malformed IP address: x\n');

    expect(sent).toEqual(['LDS a@2 c@2']);
    expect(driver.ack(LDS)).toEqual(['LDS b@1']);
    expect(driver.ack(LDS)).toEqual([]);
    expect(reportOf(driver.session).rejected.map((it) => [it.name, it.message])).toEqual([
      ['b', 'Error adding/updating listener(s) b: malformed IP address: x'],
    ]);
  });

  test('an unnamed culprit is found by halving, and everything else arrives', () => {
    const names = ['o/a', 'o/b', 'o/c', 'o/d', 'o/e'];
    const driver = withHosts(names);
    driver.publish({ [VHDS]: names.map((name) => `${name}@2`).join(' ') });
    const has = new Map<string, string>();

    for (let step = 0; step < 12 && !reportOf(driver.session).atRest; step += 1) {
      const { resources } = driver.last(VHDS);
      if (resources.some((it) => it.name === 'o/d' && it.version === '2')) driver.nack(VHDS, 'missing ): ((');
      else {
        for (const it of resources) has.set(it.name, it.version);
        driver.ack(VHDS);
      }
    }

    expect(Object.fromEntries(has)).toMatchObject({ 'o/a': '2', 'o/b': '2', 'o/c': '2', 'o/e': '2' });
    expect(reportOf(driver.session).rejected.map((it) => it.name)).toEqual(['o/d']);
    expect(reportOf(driver.session).lagging.map((it) => it.name)).toEqual(['o/d']);
  });

  test('15: it may change the subscription too, and the change is taken', () => {
    const driver = new SessionDriver();
    driver.publish({ [EDS]: 'a@1 b@1' });
    driver.request(EDS, { subscribe: ['a'] });

    expect(driver.nack(EDS, 'malformed IP address: x', { subscribe: ['b'] })).toEqual(['EDS b@1']);
  });

  test('a route that needs a refused cluster is held back, and keeps the clusters of the one before', () => {
    const driver = new SessionDriver();
    const host = (version: string, cluster: string): ReturnType<typeof entry> =>
      entry('o/h', version, { clusters: [cluster] });
    driver.publish({ [CDS]: 'a@1', [VHDS]: [host('1', 'a')] });
    driver.request(CDS);
    driver.ack(CDS);
    driver.request(VHDS);
    driver.ack(VHDS);
    driver.publish({ [CDS]: 'b@bad', [VHDS]: [host('2', 'b')] });

    expect(driver.nack(CDS, 'Error adding/updating cluster(s) b: bad')).toEqual([]);
    expect(reportOf(driver.session).lagging.map((it) => it.name)).toEqual(['b', 'o/h']);
    expect(driver.publish({ [CDS]: 'b@good', [VHDS]: [host('2', 'b')] })).toEqual(['CDS b@good']);
    expect(driver.ack(CDS)).toEqual(['VHDS o/h@2']);
    expect(driver.ack(VHDS)).toEqual(['CDS -a']);
  });

  test('56: no cluster leaves while it is unknown what a held back resource was replaced by', () => {
    const driver = new SessionDriver();
    const listeners = (version: string, ...clusters: string[]): ReturnType<typeof entry>[] => [
      entry('l', version, { clusters }),
      entry('n', 'bad'),
    ];
    driver.publish({ [CDS]: 'a@1 e@1', [LDS]: 'l@1 n@1' });
    driver.request(CDS);
    driver.ack(CDS);
    driver.request(LDS);
    driver.ack(LDS);
    driver.publish({ [CDS]: 'a@1 e@1', [LDS]: listeners('2', 'e') });
    driver.publish({ [CDS]: 'a@1 c@bad', [LDS]: listeners('3', 'c') });
    driver.nack(CDS, 'bad');

    // The client runs l@2 now, which needs e; but it could be l@1 just as well.
    expect(driver.nack(LDS, 'Error adding/updating listener(s) n: bad')).toEqual(['LDS n@1']);
    expect(driver.ack(LDS)).toEqual([]);
  });

  test('14: 1,000 proxies that all refuse cause one response each for a change of content, and none for the rest', () => {
    const drivers = Array.from({ length: 1_000 }, () => new SessionDriver());
    const sent = (what: (driver: SessionDriver) => string[]): number =>
      drivers.reduce((total, driver) => total + what(driver).length, 0);
    for (const driver of drivers) driver.request(LDS);
    const refused = 'Error adding/updating listener(s) l: bad';
    const rounds = ['bad1', 'bad2', 'bad3'].map((version, round) => [
      sent((it) => it.publish({ [LDS]: `l@${version}` })),
      sent((it) => it.nack(LDS, refused)),
      // Published again as it is, and beside something that they do not subscribe to.
      sent((it) => it.publish({ [LDS]: `l@${version}`, [EDS]: `a@${round}` })),
    ]);

    expect(rounds).toEqual([1, 2, 3].map(() => [1_000, 0, 0]));
  });

  test('46: a name that does not exist is reported although refused routes keep clusters from leaving', () => {
    const driver = new SessionDriver();
    driver.publish({ [VHDS]: [entry('o/a', 'bad', { clusters: ['c'] })] });
    driver.request(VHDS, { initialVersions: new Map([['o/a', '1']]) });
    driver.nack(VHDS, 'missing ): ((');

    expect(driver.request(CDS, { subscribe: ['b'] })).toEqual(['CDS -b']);
  });

  test('29: state of the world: what a new stream refuses, the client may have from an earlier one: it is to go, too', () => {
    const driver = new SessionDriver('sotw');
    driver.publish({ [LDS]: 'l@bad' });
    driver.sotw(LDS);
    driver.refuse(LDS, 'Error adding/updating listener(s) l: bad');

    expect(driver.publish({ [LDS]: '' })).toEqual(['LDS']);
  });

  test('56: a cluster leaves after 5 s although the listener that is published without it needs a refused one', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'b@bad', [LDS]: [entry('l', '1', { clusters: ['a', 'b'] })] });
    driver.request(CDS, { initialVersions: new Map([['a', '1']]) });
    driver.request(LDS, { initialVersions: new Map([['l', '1']]) });
    driver.nack(CDS, 'Error adding/updating cluster(s) b: bad');
    driver.ack(LDS);
    driver.nowMs = 5_000;

    expect(driver.wake()).toEqual(['CDS -a']);
  });

  test('a refused removal is not tried for ever', () => {
    const driver = withHosts(['o/a']);
    driver.publish({ [VHDS]: '' });

    expect(driver.nack(VHDS, 'no')).toEqual([]);
  });
});

describe('the words of a NACK', () => {
  test.each([
    ['a lone resource is the culprit', CDS, 'whatever', ['x'], ['x']],
    [
      'listeners are listed',
      LDS,
      'Error adding/updating listener(s) r03: bad\nr04: worse\n',
      ['r01', 'r03', 'r04'],
      ['r03', 'r04'],
    ],
    [
      'clusters are listed',
      CDS,
      'Error adding/updating cluster(s) n2: bad, r05: bad',
      ['n2', 'r05', 'r5'],
      ['n2', 'r05'],
    ],
    [
      'a dump names the first offender',
      EDS,
      'goo.gle/debugproto  name: "e" priority: 200\n: Proto constraint validation failed',
      ['d', 'e'],
      ['e'],
    ],
    ['others name nobody', VHDS, 'missing ): ((', ['a', 'b'], []],
  ])('%s', (_rule, type, message, sent, expected) => {
    expect(culpritsOf(type, message, sent)).toEqual(expected);
  });

  test('are the same in every process', () => {
    const message = 'goo.gle/debugproto   name: "e"\npriority: 200\n: Proto constraint validation failed (x)';

    expect(normalise(message)).toBe('Proto constraint validation failed (x)');
  });
});

describe('a listener whose port is taken', () => {
  const taken = "Error adding/updating listener(s) b: cannot bind '127.0.0.1:80': Address already in use\n";
  const refusing = (variant: 'delta' | 'sotw' = 'delta'): SessionDriver => {
    const driver = new SessionDriver(variant);
    driver.publish({ [LDS]: 'a@1 b@1' });
    if (variant === 'delta') {
      driver.request(LDS);
      driver.nack(LDS, taken);
      driver.ack(LDS);
    } else {
      driver.sotw(LDS);
      driver.refuse(LDS, taken);
      driver.accept(LDS);
    }
    return driver;
  };
  const rejected = ({ session }: SessionDriver): readonly string[] =>
    reportOf(session).rejected.map(({ name }) => name);
  const wakeAt = (driver: SessionDriver, nowMs: number): string[] => {
    driver.nowMs = nowMs;
    return driver.wake();
  };

  test('is tried again alone, with back-off, and stays rejected meanwhile', () => {
    const driver = refusing();

    expect(wakeAt(driver, 999)).toEqual([]);
    for (const atMs of [1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000]) {
      expect(wakeAt(driver, atMs - 1)).toEqual([]);
      expect(driver.effects).toContainEqual({ type: 'wake', atMs });
      expect(wakeAt(driver, atMs)).toEqual(['LDS b@1']);
      expect(rejected(driver)).toEqual(['b']);
      expect(driver.nack(LDS, taken)).toEqual([]);
      expect(rejected(driver)).toEqual(['b']);
    }
  });

  test.each(['delta', 'sotw'] as const)('is there once its port is free: %s', (variant) => {
    const driver = refusing(variant);

    expect(wakeAt(driver, 1000)).toEqual([variant === 'delta' ? 'LDS b@1' : 'LDS a@1 b@1']);
    if (variant === 'delta') driver.ack(LDS);
    else driver.accept(LDS);

    expect(reportOf(driver.session)).toEqual({ lagging: [], rejected: [], former: [], atRest: true });
    expect(driver.session.types.get(LDS)?.quarantine.size).toBe(0);
    expect(wakeAt(driver, 100_000)).toEqual([]);
  });

  test('begins anew when it changes', () => {
    const driver = refusing();
    wakeAt(driver, 1000);
    driver.nack(LDS, taken);

    expect(driver.publish({ [LDS]: 'a@1 b@2' })).toEqual(['LDS b@2']);
    driver.nack(LDS, taken);

    expect(wakeAt(driver, 1999)).toEqual([]);
    expect(wakeAt(driver, 2000)).toEqual(['LDS b@2']);
  });

  test('keeps its last good version while it is tried', () => {
    const driver = new SessionDriver();
    driver.publish({ [LDS]: 'b@1' });
    driver.request(LDS);
    driver.ack(LDS);
    driver.publish({ [LDS]: 'b@2' });
    driver.nack(LDS, taken);

    expect(wakeAt(driver, 1000)).toEqual(['LDS b@2']);
    expect(driver.nack(LDS, taken)).toEqual([]);
    expect(driver.session.types.get(LDS)?.quarantine.get('b')?.lastGood?.version).toBe('1');
  });

  test.each([
    ['a mistake in the listener', LDS, 'Error adding/updating listener(s) b: malformed IP address: x'],
    ['another type', CDS, 'Error adding/updating cluster(s) b: cannot bind'],
  ])('is not what this is: %s waits for a change', (_case, type, message) => {
    const driver = new SessionDriver();
    driver.publish({ [type]: 'a@1 b@1' });
    driver.request(type);
    driver.nack(type, message);
    driver.ack(type);

    expect(wakeAt(driver, 100_000)).toEqual([]);
  });
});
