// What is known of a proxy's obedience at any moment: what it lacks, and what it may still run of earlier configuration.
import { describe, expect, test } from '@jest/globals';
import { reportOf } from '../../operator/xds/session/report.ts';
import { withView } from '../../operator/xds/session/session.ts';
import type { Session } from '../../operator/xds/session/state.ts';
import { SessionDriver, shortName } from '../support/session-driver.ts';
import { CDS, ECDS, LDS, RDS, VHDS, view, type World } from '../support/xds-world.ts';

/** `lacks CDS a, runs CDS b of 3`; generations of origins as they are in the versions. */
function said(session: Session, earlier: Session | null = null): readonly string[] {
  const { lagging, former } = reportOf(session, earlier);
  return [
    ...lagging.map(({ typeUrl, name }) => `lacks ${shortName(typeUrl)} ${name}`),
    ...former.map(({ typeUrl, name, origins }) => {
      const of = origins === null ? '?' : origins.map(({ generation }) => generation).join();
      return `runs ${shortName(typeUrl)} ${name} of ${of}`;
    }),
  ];
}

/** It has acknowledged these. */
function running(world: World): SessionDriver {
  const driver = new SessionDriver();
  driver.publish(world);
  for (const type of [CDS, LDS, VHDS]) {
    if (driver.request(type).length > 0) driver.ack(type);
  }
  return driver;
}

describe('former resources', () => {
  test('what is replaced runs until its successor is acknowledged', () => {
    const driver = running({ [CDS]: 'a@1' });
    driver.publish({ [CDS]: 'a@2' });

    expect(said(driver.session)).toEqual(['lacks CDS a', 'runs CDS a of 1']);
    driver.ack(CDS);
    expect(said(driver.session)).toEqual([]);
  });

  test('what is removed runs until the removal is acknowledged', () => {
    const driver = running({ [VHDS]: 'o/a@1 o/b@1' });
    driver.publish({ [VHDS]: 'o/a@1' });

    expect(said(driver.session)).toEqual(['runs VHDS o/b of 1']);
    driver.ack(VHDS);
    expect(said(driver.session)).toEqual([]);
  });

  test('what is under way may run, also when the client is to have again what it acknowledged before', () => {
    const driver = running({ [CDS]: 'a@1' });
    driver.publish({ [CDS]: 'a@2' });
    driver.publish({ [CDS]: 'a@1' });

    expect(said(driver.session)).toEqual(['lacks CDS a', 'runs CDS a of 2']);
    driver.ack(CDS);
    driver.ack(CDS);
    expect(said(driver.session)).toEqual([]);
  });

  test('what was sent and is to be gone may run before it is acknowledged', () => {
    const driver = running({ [VHDS]: 'o/a@1' });
    driver.publish({ [VHDS]: 'o/a@1 o/b@7' });
    driver.publish({ [VHDS]: 'o/a@1' });

    expect(said(driver.session)).toEqual(['runs VHDS o/b of 7']);
  });

  test('the last good version runs in place of what is refused', () => {
    const driver = running({ [VHDS]: 'o/a@1' });
    driver.publish({ [VHDS]: 'o/a@2' });
    driver.nack(VHDS, 'no');

    expect(said(driver.session)).toEqual(['lacks VHDS o/a', 'runs VHDS o/a of 1']);
  });

  test('of a refused response with several listeners each may run as it was and as it was sent', () => {
    const driver = running({ [LDS]: 'a@1 b@1' });
    driver.publish({ [LDS]: 'a@2 b@3' });
    driver.nack(LDS, 'no names');
    driver.publish({ [LDS]: '' });

    expect(said(driver.session)).toEqual([
      'runs LDS a of 1',
      'runs LDS a of 2',
      'runs LDS b of 1',
      'runs LDS b of 3',
    ]);
  });
});

/** Of a clock that counts milliseconds with fractions. */
const fractions = Array.from({ length: 200 }, (_, index) => index * 17.291_873);

describe('a client that comes back', () => {
  test('may run anything of a type that it has not asked for yet, for a second', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1', [VHDS]: 'o/a@1' });
    driver.request(CDS, { initialVersions: new Map([['a', '1']]) });

    const atFirst = said(driver.session);
    driver.nowMs = 1000;
    driver.wake();

    expect(atFirst).toEqual([
      'lacks VHDS o/a',
      'runs LDS * of ?',
      'runs RDS * of ?',
      'runs VHDS * of ?',
      'runs ECDS * of ?',
    ]);
    expect(said(driver.session)).toEqual(['lacks VHDS o/a']);
  });

  test('does so at any time of the clock: the wake that ends it comes at a sum of two numbers with fractions', () => {
    const stillUnknown = fractions.filter((nowMs) => {
      const driver = new SessionDriver();
      driver.nowMs = nowMs;
      driver.publish({ [CDS]: 'a@1' });
      driver.request(CDS, { initialVersions: new Map([['a', '1']]) });
      driver.wakeAsAsked();
      return said(driver.session).length > 0;
    });

    expect(stillUnknown).toEqual([]);
  });

  test('may run what it says it has in another version, whatever made that', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@2' });
    driver.request(CDS, { initialVersions: new Map([['a', '1'], ['gone', '4']]) }); // prettier-ignore
    for (const type of [LDS, RDS, VHDS, ECDS]) driver.request(type);

    expect(said(driver.session)).toEqual(['lacks CDS a', 'runs CDS a of ?', 'runs CDS gone of ?']);
  });

  test('runs nothing if it says that it has nothing', () => {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@2', [VHDS]: 'o/a@1' });
    driver.request(CDS);

    expect(said(driver.session)).toEqual(['lacks CDS a', 'lacks VHDS o/a']);
  });

  test('runs what it had on its last stream, as far as it has not said otherwise', () => {
    const before = running({ [CDS]: 'a@1', [VHDS]: 'o/a@1 o/b@5' });
    const world = { [CDS]: 'a@1', [VHDS]: 'o/a@2' };
    const earlier = withView(before.session, { view: view(world) });
    const driver = new SessionDriver();
    driver.publish(world);
    driver.request(CDS, { initialVersions: new Map([['a', '1']]) });

    const atFirst = said(driver.session, earlier);
    driver.request(VHDS, { initialVersions: new Map([['o/a', '2']]) });

    expect(atFirst).toEqual([
      'lacks VHDS o/a',
      'runs RDS * of ?',
      'runs VHDS o/a of 1',
      'runs VHDS o/b of 5',
      'runs ECDS * of ?',
    ]);
    expect(said(driver.session, earlier)).toEqual(['runs RDS * of ?', 'runs ECDS * of ?']);
  });
});

test('a proxy that has left lags on what is published after it', () => {
  const left = running({ [CDS]: 'a@1', [VHDS]: 'o/b@1' }).session;

  expect(said(withView(left, { view: view({ [CDS]: 'a@2', [VHDS]: '' }) }))).toEqual([
    'lacks CDS a',
    'runs CDS a of 1',
    'runs VHDS o/b of 1',
  ]);
});

describe('virtual hosts that a client has not asked for', () => {
  const world = { [CDS]: 'a@1', [LDS]: 'out@1', [RDS]: 'o@1', [VHDS]: 'o/a@1' };
  const started = (): SessionDriver => {
    const driver = new SessionDriver();
    driver.publish(world);
    driver.request(CDS);
    driver.ack(CDS);
    driver.request(LDS);
    return driver;
  };

  test('are lacked until it has its listeners, and the route configurations that it asked for', () => {
    const driver = started();
    expect(said(driver.session)).toEqual(['lacks LDS out', 'lacks VHDS o/a']);
    driver.request(RDS, { subscribe: ['o'] });
    driver.ack(LDS);
    expect(said(driver.session)).toEqual(['lacks RDS o', 'lacks VHDS o/a']);
    driver.ack(RDS);
    expect(said(driver.session)).toEqual([]);
  });

  test('are not lacked by one that refuses the only listener which would need them', () => {
    const driver = started();
    driver.nack(LDS, 'no');

    expect(said(driver.session)).toEqual(['lacks LDS out']);
  });
});
