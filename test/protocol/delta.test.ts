// XDS rules for delta streams, on the pure session. The numbers are those of test/protocol/README.md.
import { describe, expect, test } from '@jest/globals';
import { initialVersionsOf } from '../../operator/xds/wire/initial-resource-versions.ts';
import { isCurrent, reportOf } from '../../operator/xds/session/report.ts';
import { reduce } from '../../operator/xds/session/session.ts';
import { newSession } from '../../operator/xds/session/state.ts';
import { SessionDriver } from '../support/session-driver.ts';
import { CDS, EDS, LDS, RDS, SDS, VHDS, delta, entry, view } from '../support/xds-world.ts';

function started(): SessionDriver {
  const driver = new SessionDriver();
  driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1' });
  driver.request(CDS);
  driver.request(EDS, { subscribe: ['a', 'b'] });
  driver.ack(CDS);
  driver.ack(EDS);
  return driver;
}

describe('subscriptions', () => {
  test('45: an empty first request of clusters or listeners means everything', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1', [LDS]: 'l@1' });

    expect(driver.request(CDS)).toEqual(['CDS a@1']);
    expect(driver.ack(CDS)).toEqual([]);
    expect(driver.request(LDS)).toEqual(['LDS l@1']);
  });

  test('28: an empty first request of other types subscribes to nothing', () => {
    const driver = new SessionDriver();
    driver.publish({ [EDS]: 'a@1' });

    expect(driver.request(EDS)).toEqual([]);
  });

  test('22, 51: a wildcard that matches nothing is answered with an empty response, once', () => {
    const driver = new SessionDriver();
    driver.publish({});

    expect(driver.request(CDS)).toEqual(['CDS']);
    expect(driver.ack(CDS)).toEqual([]);
  });

  test('62: a request that came before the first snapshot is answered when it exists', () => {
    const driver = new SessionDriver();

    expect(driver.request(CDS)).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1' })).toEqual(['CDS a@1']);
  });

  test('31: a newly named resource is sent', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1 c@1' });

    expect(driver.request(EDS, { subscribe: ['c'] })).toEqual(['EDS c@1']);
  });

  test('32: a name dropped and named again is sent again', () => {
    const driver = started();

    expect(driver.request(EDS, { unsubscribe: ['a'] })).toEqual([]);
    expect(driver.request(EDS, { subscribe: ['a'] })).toEqual(['EDS a@1']);
  });

  test('42: a name subscribed again is sent again: the client may have forgotten it', () => {
    const driver = started();

    expect(driver.request(EDS, { subscribe: ['a'] })).toEqual(['EDS a@1']);
    expect(driver.ack(EDS)).toEqual([]);
  });

  test('42: a wildcard that comes later, or again, is sent everything', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1 b@1' });
    driver.request(CDS, { subscribe: ['a'] });
    driver.ack(CDS);

    expect(driver.request(CDS, { subscribe: ['*'] })).toEqual(['CDS b@1']);
    driver.ack(CDS);
    expect(driver.request(CDS, { unsubscribe: ['*'] })).toEqual([]);
    expect(driver.request(CDS, { subscribe: ['*'] })).toEqual(['CDS b@1']);
  });

  test('43: subscriptions are taken before unsubscriptions', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1' });

    expect(driver.request(CDS, { subscribe: ['*'], unsubscribe: ['*'] })).toEqual([]);
  });

  test('44: unsubscribing an unknown name is harmless', () => {
    expect(started().request(EDS, { unsubscribe: ['nobody'] })).toEqual([]);
  });

  test('44: with the wildcard held, unsubscribing a name is answered with it or with its removal', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1' });
    driver.request(CDS, { subscribe: ['*', 'a', 'gone'] });
    driver.ack(CDS);

    expect(driver.request(CDS, { unsubscribe: ['a', 'gone'] })).toEqual(['CDS a@1 -gone']);
  });

  test('46: a name that does not exist is reported as removed, remembered, and sent when it appears', () => {
    const driver = new SessionDriver();
    driver.publish({ [SDS]: '' });

    expect(driver.request(SDS, { subscribe: ['trust'] })).toEqual(['SDS -trust']);
    expect(driver.ack(SDS)).toEqual([]);
    expect(driver.publish({ [SDS]: 'trust@1' })).toEqual(['SDS trust@1']);
  });

  test('47: endpoints leave after their cluster', () => {
    const driver = started();

    expect(driver.publish({ [CDS]: 'a@1', [EDS]: 'a@1' })).toEqual(['CDS -b']);
    expect(driver.ack(CDS, {})).toEqual(['EDS -b']);
    expect(isCurrent(driver.session)).toBe(false);
    expect(driver.ack(EDS, { unsubscribe: ['b'] })).toEqual([]);
    expect(isCurrent(driver.session)).toBe(true);
  });

  test('47: endpoints that are gone while their cluster stays are removed at once', () => {
    const driver = started();

    expect(driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1' })).toEqual(['EDS -b']);
    expect(driver.ack(EDS)).toEqual([]);
  });

  test('47: endpoints of clusters that the stream does not subscribe to are removed at once', () => {
    const driver = new SessionDriver();
    driver.publish({ [EDS]: 'a@1 b@1' });
    driver.request(EDS, { subscribe: ['a', 'b'] });
    driver.ack(EDS);

    expect(driver.publish({ [EDS]: 'a@1' })).toEqual(['EDS -b']);
  });

  test('48: a deleted resource is removed once, and sent again when created again', () => {
    const driver = started();

    expect(driver.publish({ [CDS]: 'a@1', [EDS]: 'a@1' })).toEqual(['CDS -b']);
    expect(driver.ack(CDS)).toEqual(['EDS -b']);
    expect(driver.ack(EDS)).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1' })).toContain('CDS b@1');
  });
});

describe('acknowledgements', () => {
  test('12: an acknowledgement alone is answered by nothing', () => {
    const driver = started();

    expect(driver.ack(CDS)).toEqual([]);
  });

  test('72: while a response is unacknowledged nothing of its type is sent; then the newest state, once', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' });

    expect(driver.publish({ [CDS]: 'a@3 b@1', [EDS]: 'a@1 b@1' })).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@4 b@1', [EDS]: 'a@1 b@1' })).toEqual([]);
    expect(driver.ack(CDS)).toEqual(['CDS a@4']);
  });

  test('19: types are independent', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' });

    expect(driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@2' })).toEqual([]);
    expect(driver.ack(EDS)).toEqual(['EDS b@2']);
  });

  test('40: a stale nonce acknowledges nothing, and its subscription counts', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@2 b@1 c@1' });

    expect(driver.request(EDS, { nonce: '1', subscribe: ['c'] })).toEqual([]);
    expect(driver.ack(EDS)).toEqual(['EDS c@1']);
  });

  test('41: a request without a nonce acknowledges nothing', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' });
    driver.request(CDS);

    expect(reportOf(driver.session).lagging.map((it) => it.name)).toContain('a');
  });

  test('39: a request may acknowledge and subscribe at once', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@2 b@1 c@1' });

    expect(driver.ack(EDS, { subscribe: ['c'] })).toEqual(['EDS c@1']);
  });
});

describe('reconnecting', () => {
  test('49: equal versions are not resent, different ones are, and what is gone is removed', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1 b@2 c@1' });
    const initialVersions = new Map([
      ['a', '1'],
      ['b', '1'],
      ['gone', '1'],
    ]);

    expect(driver.request(CDS, { initialVersions })).toEqual(['CDS b@2 c@1']);
    expect(driver.ack(CDS)).toEqual([]);
    driver.nowMs = 5_000;
    expect(driver.wake()).toEqual(['CDS -gone']);
  });

  test('49: nor does the clock matter: the wait ends at the wake that was asked for, a sum of numbers with fractions', () => {
    const late = Array.from({ length: 200 }, (_, index) => index * 17.291_873).filter((nowMs) => {
      const driver = new SessionDriver();
      driver.nowMs = nowMs;
      driver.publish({ [CDS]: 'a@1' });
      driver.request(CDS, { initialVersions: new Map([['gone', '1']]) });
      driver.ack(CDS);
      return driver.wakeAsAsked().length === 0;
    });

    expect(late).toEqual([]);
  });

  test('49, 56: a cluster from the earlier stream leaves after the routes from there were brought up to date', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'b@1', [LDS]: 'l@1', [RDS]: 'outbound@1', [VHDS]: [entry('outbound/h', '2')] });
    const kept = (name: string): Map<string, string> => new Map([[name, '1']]);
    driver.request(CDS, { initialVersions: kept('a') });
    driver.ack(CDS);
    driver.request(LDS, { initialVersions: kept('l') });
    driver.ack(LDS);
    driver.request(RDS, { subscribe: ['outbound'], initialVersions: kept('outbound') });

    expect(driver.request(VHDS, { initialVersions: kept('outbound/h') })).toEqual(['VHDS outbound/h@2']);
    expect(driver.ack(VHDS)).toEqual(['CDS -a']);
  });

  test('49: versions are not subscriptions', () => {
    const driver = new SessionDriver();
    driver.publish({ [EDS]: 'a@2 b@2' });
    const initialVersions = new Map([
      ['a', '1'],
      ['b', '1'],
    ]);

    expect(driver.request(EDS, { subscribe: ['a'], initialVersions })).toEqual(['EDS a@2']);
  });

  test('50: endpoints of clusters that are sent again on reconnect follow them at equal versions', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' });
    driver.request(CDS, {
      initialVersions: new Map([
        ['a', '1'],
        ['b', '1'],
      ]),
    });
    const initialVersions = new Map([
      ['a', '1'],
      ['b', '1'],
    ]);

    expect(driver.request(EDS, { subscribe: ['a', 'b'], initialVersions })).toEqual(['EDS a@1']);
  });

  test('50: endpoints follow clusters that were held back when the client told which endpoints it has', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' }, { isHeld: true });
    const both = (a: string): Map<string, string> => new Map([['a', a], ['b', '1']]); // prettier-ignore
    expect(driver.request(CDS, { initialVersions: both('1') })).toEqual([]);
    expect(driver.request(EDS, { subscribe: ['a', 'b'], initialVersions: both('1') })).toEqual([]);

    expect(driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' })).toEqual(['CDS a@2', 'EDS a@1']);
  });

  test('52: a proxy that has everything is current without a byte of resources', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1', [EDS]: 'a@1' });
    const initialVersions = new Map([['a', '1']]);

    expect(driver.request(CDS, { initialVersions })).toEqual(['CDS']);
    expect(driver.request(EDS, { subscribe: ['a'], initialVersions })).toEqual([]);
    expect(reportOf(driver.session).lagging).toEqual([]);
  });

  test('52: also if it came before there was anything, and then nothing is decoded', () => {
    const initialVersions = {
      ...initialVersionsOf(new Map([['a', '1']])),
      read: () => {
        throw new Error('nobody needs this');
      },
    };
    const request = { ...delta(CDS), initialVersions };
    const { session, effects } = reduce(newSession('delta'), { type: 'delta', request, nowMs: 0 });
    expect(effects).toEqual([]);

    const published = reduce(session, { type: 'publish', view: view({ [CDS]: 'a@1' }), nowMs: 0 });

    const sent = published.effects.filter(({ type }) => type === 'send');
    expect(sent).toMatchObject([{ type: 'send', typeUrl: CDS, resources: [], removed: [] }]);
    expect(reportOf(published.session).lagging).toEqual([]);
  });

  test('52: it is so whatever the order in which it tells, and if it subscribes to more than there is', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1' });
    const initialVersions = new Map([
      ['b', '1'],
      ['a', '1'],
    ]);

    expect(driver.request(CDS, { initialVersions })).toEqual(['CDS']);
    expect(driver.request(EDS, { subscribe: ['a', 'b', 'c'], initialVersions })).toEqual(['EDS -c']);
    expect(reportOf(driver.session).lagging).toEqual([]);
  });
});

describe('order', () => {
  const host = (version: string, cluster: string): ReturnType<typeof entry> =>
    entry('outbound/h', version, { clusters: [cluster], exclusiveKeys: ['h'] });

  function routed(): SessionDriver {
    const driver = new SessionDriver();
    driver.publish({
      [CDS]: 'a@1',
      [EDS]: 'a@1',
      [LDS]: 'l@1',
      [RDS]: 'outbound@1',
      [VHDS]: [host('1', 'a')],
    });
    driver.request(CDS);
    driver.request(EDS, { subscribe: ['a'] });
    driver.ack(EDS);
    driver.ack(CDS);
    driver.request(LDS);
    driver.request(RDS, { subscribe: ['outbound'] });
    driver.ack(RDS);
    driver.request(VHDS);
    driver.ack(VHDS);
    driver.ack(LDS);
    return driver;
  }
  const switched = {
    [CDS]: 'b@1',
    [EDS]: 'b@1',
    [LDS]: 'l@1',
    [RDS]: 'outbound@1',
    [VHDS]: [host('2', 'b')],
  };

  test('56: a route to a new cluster waits for the acknowledgement of the cluster, which waits to leave for the route', () => {
    const driver = routed();

    expect(driver.publish(switched)).toEqual(['CDS b@1']);
    expect(driver.request(EDS, { subscribe: ['b'] })).toEqual(['EDS b@1']);
    expect(driver.ack(EDS)).toEqual([]);
    expect(driver.ack(CDS)).toEqual(['VHDS outbound/h@2']);
    expect(driver.ack(VHDS)).toEqual(['CDS -a']);
  });

  test('57: the endpoints of a changed cluster follow it, though they did not change', () => {
    const driver = started();

    expect(driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' })).toEqual(['CDS a@2', 'EDS a@1']);
  });

  test('55: of one publication clusters and their endpoints go first, then what routes to them', () => {
    const driver = routed();

    const sent = driver.publish({
      [CDS]: 'a@2',
      [EDS]: 'a@2',
      [LDS]: 'l@2',
      [RDS]: 'outbound@2',
      [VHDS]: [host('2', 'a')],
    });

    expect(sent).toEqual(['CDS a@2', 'EDS a@2', 'RDS outbound@2', 'VHDS outbound/h@2']);
    expect([...driver.ack(RDS), ...driver.ack(VHDS)]).toEqual(['LDS l@2']);
  });

  test('58: the endpoints of clusters that did not change are not sent with those that did', () => {
    expect(started().publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' })).toEqual(['CDS a@2', 'EDS a@1']);
  });

  test('59: a changed listener brings no route configuration that did not change', () => {
    const driver = routed();

    const sent = driver.publish({
      [CDS]: 'a@1',
      [EDS]: 'a@1',
      [LDS]: 'l@2',
      [RDS]: 'outbound@1',
      [VHDS]: [host('1', 'a')],
    });

    expect(sent).toEqual(['LDS l@2']);
  });

  test('60: endpoints do not wait for the acknowledgement of their cluster, which waits for them', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1', [EDS]: 'a@1' });
    driver.request(CDS);

    expect(driver.request(EDS, { subscribe: ['a'] })).toEqual(['EDS a@1']);
  });

  test('46, 56: that a name does not exist is told at once, whatever else is on its way', () => {
    const driver = routed();
    driver.publish({
      [CDS]: 'a@1',
      [EDS]: 'a@1',
      [LDS]: 'l@2',
      [RDS]: 'outbound@1',
      [VHDS]: [host('1', 'a')],
    });

    expect(driver.request(CDS, { subscribe: ['nobody'] })).toEqual(['CDS -nobody']);
  });

  test('56: a route waits for a cluster whose removal is still on its way', () => {
    const driver = routed();
    const world = { [EDS]: 'a@1', [LDS]: 'l@1', [RDS]: 'outbound@1' };
    driver.publish({ ...world, [CDS]: 'a@1 b@1', [VHDS]: [host('1', 'a')] });
    driver.ack(CDS);
    expect(driver.publish({ ...world, [CDS]: 'a@1', [VHDS]: [host('1', 'a')] })).toEqual(['CDS -b']);

    expect(driver.publish({ ...world, [CDS]: 'a@1 b@1', [VHDS]: [host('2', 'b')] })).toEqual([]);
    expect(driver.ack(CDS)).toEqual(['CDS b@1']);
    expect(driver.ack(CDS)).toEqual(['VHDS outbound/h@2']);
  });

  test('56: waiting has a limit', () => {
    const driver = routed();
    driver.publish(switched);
    driver.nowMs = 5_000;

    expect(driver.wake()).toEqual(['VHDS outbound/h@2']);
  });

  test('61: nothing waits for a type the client does not subscribe to', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1', [VHDS]: [host('1', 'a')], [LDS]: [entry('l', '1', { clusters: ['a'] })] });

    expect(driver.request(LDS)).toEqual(['LDS l@1']);
    expect(driver.request(VHDS)).toEqual(['VHDS outbound/h@1']);
  });

  test('a virtual host leaves after the listener that led to it', () => {
    const driver = routed();

    expect(driver.publish({ [CDS]: 'a@1', [EDS]: 'a@1', [LDS]: 'l@2', [RDS]: 'outbound@1' })).toEqual([
      'LDS l@2',
    ]);
    expect(driver.ack(LDS)).toEqual(['VHDS -outbound/h']);
  });

  test('a domain moves from one virtual host to another in one response', () => {
    const driver = routed();
    const next = entry('outbound/new', '1', { clusters: ['a'], exclusiveKeys: ['h'] });

    const sent = driver.publish({
      [CDS]: 'a@1',
      [EDS]: 'a@1',
      [LDS]: 'l@2',
      [RDS]: 'outbound@1',
      [VHDS]: [next],
    });

    expect(sent).toEqual(['VHDS outbound/new@1 -outbound/h']);
  });

  test('a route configuration that is subscribed anew gets all its virtual hosts again', () => {
    const driver = routed();
    driver.request(RDS, { unsubscribe: ['outbound'] });

    expect(driver.request(RDS, { subscribe: ['outbound'] })).toEqual(['RDS outbound@1', 'VHDS outbound/h@1']);
  });

  test('virtual hosts that came before their route configuration are sent again after it: Envoy had no place for them', () => {
    const driver = new SessionDriver();
    driver.publish({ [VHDS]: 'o/h@1' });
    driver.request(RDS, { subscribe: ['o'] });
    driver.ack(RDS);
    driver.request(VHDS);
    driver.ack(VHDS);

    expect(driver.publish({ [RDS]: 'o@bad', [VHDS]: 'o/h@1' })).toEqual(['RDS o@bad', 'VHDS o/h@1']);
    driver.ack(VHDS);
    expect(driver.nack(RDS, 'bad')).toEqual([]);
    expect(driver.publish({ [RDS]: 'o@1', [VHDS]: 'o/h@1' })).toEqual(['RDS o@1', 'VHDS o/h@1']);
    driver.ack(RDS);
    driver.ack(VHDS);
    // Later ones change in place.
    expect(driver.publish({ [RDS]: 'o@2', [VHDS]: 'o/h@1' })).toEqual(['RDS o@2']);
  });
});
