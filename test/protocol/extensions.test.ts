// Configuration of filters (ECDS) and runtime values (RTDS): where they stand in the order, and what a refusal of them means.
import { describe, expect, test } from '@jest/globals';
import { isCurrent, reportOf } from '../../operator/xds/session/report.ts';
import { SessionDriver } from '../support/session-driver.ts';
import { CDS, ECDS, LDS, RDS, RTDS, VHDS, entry } from '../support/xds-world.ts';

/** A client that has all of a filter `f` and a route configuration `o`. */
function running(...filters: readonly string[]): SessionDriver {
  const driver = new SessionDriver();
  driver.publish({ [CDS]: 'a@1', [ECDS]: filters.join(' '), [RDS]: 'o@1' });
  driver.request(CDS);
  driver.ack(CDS);
  driver.request(ECDS, { subscribe: filters.map((it) => it.split('@')[0] ?? '') });
  for (const _ of filters) driver.ack(ECDS);
  driver.request(RDS, { subscribe: ['o'] });
  driver.ack(RDS);
  return driver;
}

describe('configuration of filters', () => {
  test('98: it goes after the clusters that it uses, and before what is published with it and may name it', () => {
    const driver = running('f@1');
    const filters = [entry('f', '2', { clusters: ['b'] })];

    expect(driver.publish({ [CDS]: 'a@1 b@1', [ECDS]: filters, [RDS]: 'o@2', [LDS]: 'l@1' })).toEqual([
      'CDS b@1',
    ]);
    expect(driver.request(LDS)).toEqual([]);
    expect(driver.ack(CDS)).toEqual(['ECDS f@2']);
    expect(driver.ack(ECDS)).toEqual(['RDS o@2']);
    expect(driver.ack(RDS)).toEqual(['LDS l@1']);
  });

  test('98: a cluster leaves after the filter that used it', () => {
    const driver = running('f@1');
    driver.publish({ [CDS]: 'a@1', [ECDS]: [entry('f', '2', { clusters: ['a'] })], [RDS]: 'o@1' });
    driver.ack(ECDS);

    expect(driver.publish({ [ECDS]: 'f@3', [RDS]: 'o@1' })).toEqual(['ECDS f@3']);
    expect(driver.ack(ECDS)).toEqual(['CDS -a']);
  });

  test('98: nothing waits for it where it is not subscribed to', () => {
    const driver = new SessionDriver();
    driver.publish({ [ECDS]: 'f@1', [RDS]: 'o@1' });

    expect(driver.request(RDS, { subscribe: ['o'] })).toEqual(['RDS o@1']);
  });

  test('47: it is not taken away from a client that has it: it leaves with its listener', () => {
    const driver = running('f@1');

    expect(driver.publish({ [CDS]: 'a@1', [RDS]: 'o@1' })).toEqual([]);
    expect(isCurrent(driver.session)).toBe(true);
    expect(driver.request(ECDS, { unsubscribe: ['f'] })).toEqual([]);
  });

  test('46: who asks for one that does not exist is told', () => {
    const driver = new SessionDriver();
    driver.publish({});

    expect(driver.request(ECDS, { subscribe: ['f'] })).toEqual(['ECDS -f']);
    expect(driver.publish({ [ECDS]: 'f@1' })).toEqual([]);
    expect(driver.ack(ECDS)).toEqual(['ECDS f@1']);
  });

  test('99: those that do nothing go together, and first: Envoy takes all of them or none', () => {
    const driver = new SessionDriver();
    const idle = ['f', 'h', 'i'].map((name) => entry(name, '1', { doesNothing: true }));
    driver.publish({ [ECDS]: [...idle, entry('g', '1'), entry('j', '1')] });

    expect(driver.request(ECDS, { subscribe: ['f', 'g', 'h', 'i', 'j'] })).toEqual(['ECDS f@1 h@1 i@1']);
    expect(driver.ack(ECDS)).toEqual(['ECDS g@1']);
    expect(driver.ack(ECDS)).toEqual(['ECDS j@1']);
    driver.ack(ECDS);
    expect(isCurrent(driver.session)).toBe(true);
  });

  test('99: one goes at a time, so that a refusal says which it was, and the others arrive', () => {
    const driver = running('f@1', 'g@1', 'h@1');

    expect(driver.publish({ [CDS]: 'a@1', [ECDS]: 'f@2 g@bad h@2', [RDS]: 'o@1' })).toEqual(['ECDS f@2']);
    expect(driver.ack(ECDS)).toEqual(['ECDS g@bad']);
    expect(driver.nack(ECDS, 'has invalid local jwks')).toEqual(['ECDS g@1']);
    expect(driver.ack(ECDS)).toEqual(['ECDS h@2']);
    expect(driver.ack(ECDS)).toEqual([]);
    expect(reportOf(driver.session).rejected).toMatchObject([
      { name: 'g', message: 'has invalid local jwks' },
    ]);
  });

  test('100: what was refused is replaced by the last good version, though that is in force: Envoy holds on to it', () => {
    const driver = running('f@1');
    driver.publish({ [CDS]: 'a@1', [ECDS]: 'f@bad', [RDS]: 'o@1' });

    expect(driver.nack(ECDS, 'bad')).toEqual(['ECDS f@1']);
    expect(driver.ack(ECDS)).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1', [ECDS]: 'f@bad', [RDS]: 'o@2' })).toEqual(['RDS o@2']);
  });

  test('100: where there is none it is told to be gone, and the listener gets the default', () => {
    const driver = new SessionDriver();
    driver.publish({ [ECDS]: 'f@bad' });
    driver.request(ECDS, { subscribe: ['f'] });

    expect(driver.nack(ECDS, 'bad')).toEqual(['ECDS -f']);
    expect(driver.ack(ECDS)).toEqual([]);
    expect(driver.publish({ [ECDS]: 'f@good' })).toEqual(['ECDS f@good']);
  });

  test('100: one from an earlier stream is not taken away for its successor being refused', () => {
    const driver = new SessionDriver();
    driver.publish({ [ECDS]: 'f@bad' });
    driver.request(ECDS, { subscribe: ['f'], initialVersions: new Map([['f', '1']]) });

    expect(driver.nack(ECDS, 'bad')).toEqual([]);
    // Envoy holds on to f@bad: sent again, it would be acknowledged.
    driver.publish({});
    expect(driver.publish({ [ECDS]: 'f@bad' })).toEqual([]);
    expect(reportOf(driver.session).rejected).toMatchObject([{ name: 'f', message: 'bad' }]);
    expect(driver.publish({ [ECDS]: 'f@1' })).toEqual(['ECDS f@1']);
    driver.ack(ECDS);
    expect(driver.publish({ [ECDS]: 'f@bad' })).toEqual(['ECDS f@bad']);
  });

  test('100: a listener waits until what was refused is replaced: it would start with it', () => {
    const driver = running('f@1');
    driver.request(LDS);
    driver.ack(LDS);
    driver.publish({ [CDS]: 'a@1', [ECDS]: 'f@bad', [RDS]: 'o@1', [LDS]: 'l@1' });

    expect(driver.nack(ECDS, 'bad')).toEqual(['ECDS f@1']);
    expect(driver.ack(ECDS)).toEqual(['LDS l@1']);
  });

  test('49: a client that comes back with it is not sent it again', () => {
    const driver = new SessionDriver();
    driver.publish({ [ECDS]: 'f@1 g@1' });
    const initialVersions = new Map([['f', '1']]);

    expect(driver.request(ECDS, { subscribe: ['f'], initialVersions })).toEqual([]);
  });

  test('30: in state of the world, too, one goes at a time', () => {
    const driver = new SessionDriver('sotw');
    driver.publish({ [ECDS]: 'f@1 g@1' });

    expect(driver.sotw(ECDS, { names: ['f', 'g'] })).toEqual(['ECDS f@1']);
    expect(driver.accept(ECDS, ['f', 'g'])).toEqual(['ECDS g@1']);
    expect(driver.accept(ECDS, ['f', 'g'])).toEqual([]);
  });
});

describe('runtime values', () => {
  test('101: they wait for nothing, and nothing waits for them', () => {
    const driver = running('f@1');
    driver.publish({ [CDS]: 'a@1', [ECDS]: 'f@1', [RDS]: 'o@1', [RTDS]: 'r@1' });

    expect(driver.request(RTDS, { subscribe: ['r'] })).toEqual(['RTDS r@1']);
    driver.ack(RTDS);
    expect(driver.publish({ [CDS]: 'a@2', [ECDS]: 'f@1', [RDS]: 'o@1', [RTDS]: 'r@2' })).toEqual([
      'RTDS r@2',
      'CDS a@2',
    ]);
  });

  test('101: a layer that does not exist is told at once: Envoy waits for it before it asks for anything else', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1' });

    expect(driver.request(RTDS, { subscribe: ['r'] })).toEqual(['RTDS -r']);
  });

  test('48: their removal is told', () => {
    const driver = new SessionDriver();
    driver.publish({ [RTDS]: 'r@1' });
    driver.request(RTDS, { subscribe: ['r'] });
    driver.ack(RTDS);

    expect(driver.publish({})).toEqual(['RTDS -r']);
  });

  test('100: what was refused is replaced by the last good version, or told to be gone', () => {
    const driver = new SessionDriver();
    driver.publish({ [RTDS]: 'r@1' });
    driver.request(RTDS, { subscribe: ['r'] });
    driver.ack(RTDS);
    driver.publish({ [RTDS]: 'r@bad' });

    expect(driver.nack(RTDS, 'Invalid runtime entry value')).toEqual(['RTDS r@1']);
    driver.ack(RTDS);
    const other = new SessionDriver();
    other.publish({ [RTDS]: 'r@bad' });
    other.request(RTDS, { subscribe: ['r'] });
    expect(other.nack(RTDS, 'Invalid runtime entry value')).toEqual(['RTDS -r']);
  });
});

describe('virtual hosts of a route configuration that is new to the client', () => {
  const host = (version: string, cluster: string): ReturnType<typeof entry> =>
    entry('o/h', version, { clusters: [cluster] });

  /** It runs o/h@1 by cluster a; o/h@2 is held back, as its cluster b was refused. */
  function withHeldHost(initialVersions?: ReadonlyMap<string, string>): SessionDriver {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1', [VHDS]: [host('1', 'a')], [RDS]: 'o@1' });
    driver.request(CDS);
    driver.ack(CDS);
    const start = (): void => {
      driver.request(VHDS, initialVersions === undefined ? {} : { initialVersions });
      driver.ack(VHDS);
    };
    if (initialVersions === undefined) start();
    driver.publish({ [CDS]: 'a@1 b@bad', [VHDS]: [host('2', 'b')], [RDS]: 'o@1' });
    driver.nack(CDS, 'Error adding/updating cluster(s) b: bad');
    if (initialVersions !== undefined) start();
    return driver;
  }

  test('one that is held back gets its earlier version again: Envoy has dropped it', () => {
    const driver = withHeldHost();

    expect(driver.request(RDS, { subscribe: ['o'] })).toEqual(['RDS o@1', 'VHDS o/h@1']);
  });

  test('one of which nobody has the earlier version is sent although it is held back: some routes answer 503, not all 404', () => {
    const driver = withHeldHost(new Map([['o/h', '1']]));

    expect(driver.request(RDS, { subscribe: ['o'] })).toEqual(['RDS o@1', 'VHDS o/h@2']);
  });

  test('where there are none an empty response follows: Envoy waits for one', () => {
    const driver = new SessionDriver();
    driver.publish({ [RDS]: 'o@1', [VHDS]: 'p/h@1' });
    driver.request(VHDS);
    driver.ack(VHDS);

    expect(driver.request(RDS, { subscribe: ['o'] })).toEqual(['RDS o@1', 'VHDS']);
  });

  test('one that was acknowledged without a route configuration and is refused with it is told to be gone, and lacks', () => {
    const driver = new SessionDriver();
    driver.publish({ [RDS]: 'o@1', [VHDS]: 'o/h@bad' });
    driver.request(VHDS);
    driver.ack(VHDS);
    driver.request(RDS, { subscribe: ['o'] });

    expect(driver.nack(VHDS, 'missing ): ((')).toEqual(['VHDS -o/h']);
    driver.ack(VHDS);
    expect(reportOf(driver.session).rejected.map((it) => it.name)).toEqual(['o/h']);
  });
});
