// XDS rules for state-of-the-world streams, on the pure session. The numbers are those of test/protocol/README.md.
import { describe, expect, test } from '@jest/globals';
import { isCurrent, reportOf } from '../../operator/xds/session/report.ts';
import { versionOf } from '../../operator/xds/session/versions.ts';
import type { World } from '../support/xds-world.ts';
import { CDS, EDS, LDS, RDS, SDS, entry } from '../support/xds-world.ts';
import { SessionDriver } from '../support/session-driver.ts';

function connected(world: World = {}): SessionDriver {
  const driver = new SessionDriver('sotw');
  driver.publish(world);
  return driver;
}

/** Runs clusters a and b with their endpoints, everything acknowledged. */
function started(): SessionDriver {
  const driver = connected({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1' });
  driver.sotw(CDS);
  driver.sotw(EDS, { names: ['a', 'b'] });
  driver.accept(EDS, ['a', 'b']);
  driver.accept(CDS);
  return driver;
}

describe('nonces and acknowledgements', () => {
  test('10: every response has a nonce of its own', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@2 b@1' });

    const nonces = driver.effects.flatMap((it) => (it.type === 'send' ? [it.nonce] : []));

    expect(nonces).toEqual(['1', '2', '3', '4']);
  });

  test.each(['', '1', '77'])(
    '11: the first request of a type is an initial one, even with nonce "%s"',
    (nonce) => {
      expect(connected({ [CDS]: 'a@1' }).sotw(CDS, { nonce, versionInfo: 'old' })).toEqual(['CDS a@1']);
    },
  );

  test('12: an acknowledgement alone is answered by nothing', () => {
    const driver = connected({ [CDS]: 'a@1', [EDS]: 'a@1' });
    driver.sotw(CDS);
    driver.sotw(EDS, { names: ['a'] });

    expect(driver.accept(EDS, ['a'])).toEqual([]);
    expect(driver.accept(CDS)).toEqual([]);
  });

  test('13: a refusal is known by its error, not by its version', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@bad b@1' });
    const versionInfo = 'the current one';

    driver.accept(EDS, ['a', 'b'], { versionInfo, error: { code: 13, message: 'no' } });

    expect(reportOf(driver.session).rejected.map((it) => it.name)).toEqual(['a']);
  });

  test('14: what was refused is not sent again until it changes, and then at once', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1 c@1' });
    driver.sotw(EDS, { names: ['a', 'b', 'c'] });

    expect(driver.refuse(EDS, 'no', ['a', 'b', 'c'])).toEqual([]);
    expect(driver.sotw(EDS, { names: ['a', 'b', 'c'] })).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1 c@1' })).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1 c@2' })).toEqual(['EDS c@2']);
  });

  test('15: a refusal that changes the names changes them', () => {
    const driver = connected({ [EDS]: 'a@1 b@1' });
    driver.sotw(EDS, { names: ['a'] });

    expect(driver.refuse(EDS, 'no', ['a', 'b'])).toEqual(['EDS b@1']);
  });

  test('16: the latest nonce with an older version and no error is no reason to send', () => {
    const driver = started();

    expect(driver.accept(CDS, [], { versionInfo: 'older' })).toEqual([]);
    expect(driver.accept(EDS, ['a', 'b'], { versionInfo: '' })).toEqual([]);
  });

  test('17: a stale nonce acknowledges nothing and is answered by nothing', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' });

    expect(driver.sotw(CDS, { nonce: '1' })).toEqual([]);
    expect(reportOf(driver.session).lagging.map((it) => it.name)).toContain('a');
  });

  test('18: names that come with a stale nonce count', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@2 b@1 c@1' });

    expect(driver.sotw(EDS, { nonce: '2', names: ['a', 'b', 'c'] })).toEqual([]);
    expect(driver.accept(EDS, ['a', 'b', 'c'])).toEqual(['EDS c@1']);
  });

  test('19: types are independent', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1 c@bad', [EDS]: 'a@2 b@1' });

    driver.refuse(CDS, 'no');

    expect(driver.accept(EDS, ['a', 'b'])).toEqual([]);
    expect(reportOf(driver.session).lagging.map((it) => it.name)).toEqual(['c']);
  });

  test('23, 72: while a response is unacknowledged the newest state waits, and goes once', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' });

    expect(driver.publish({ [CDS]: 'a@3 b@1', [EDS]: 'a@1 b@1' })).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@4 b@1', [EDS]: 'a@1 b@1' })).toEqual([]);
    expect(driver.accept(CDS)).toEqual(['CDS a@4 b@1']);
  });
});

describe('versions and reconnecting', () => {
  const entries = [entry('a', '1'), entry('b', '1')];

  test('20: the version of a type depends on its content only', () => {
    expect(versionOf(entries)).toEqual(versionOf(entries.toReversed()));
    expect(versionOf(entries)).not.toEqual(versionOf([entry('a', '2'), entry('b', '1')]));
    expect(versionOf(entries)).not.toEqual(versionOf([entry('a', '1'), entry('c', '1')]));
  });

  test('20, 22: the version of nothing is a version, too', () => {
    expect(versionOf([])).toMatch(/^.{16}$/);
  });

  test('21: a pure wildcard that reconnects with the current version is not sent it again', () => {
    const driver = connected({ [CDS]: 'a@1 b@1' });

    expect(driver.sotw(CDS, { versionInfo: versionOf(entries) })).toEqual([]);
    expect(reportOf(driver.session)).toEqual({ lagging: [], rejected: [], former: [], atRest: true });
    expect(driver.publish({ [CDS]: 'a@1 b@2' })).toEqual(['CDS a@1 b@2']);
  });

  test('21: with another version it is', () => {
    expect(connected({ [CDS]: 'a@1 b@1' }).sotw(CDS, { versionInfo: 'other' })).toEqual(['CDS a@1 b@1']);
  });

  test.each([
    ['of a wildcard type', CDS, ['a', 'b']],
    ['beside the wildcard', CDS, ['*', 'a']],
    ['of another type', EDS, ['a', 'b']],
  ] as const)('21: names %s are answered whatever the version', (_which, type, names) => {
    const driver = connected({ [type]: 'a@1 b@1' });
    const short = type === CDS ? 'CDS' : 'EDS';

    expect(driver.sotw(type, { names, versionInfo: versionOf(entries) })).toEqual([`${short} a@1 b@1`]);
  });

  test('22: a wildcard that matches nothing is answered by an empty response, once', () => {
    const driver = connected();

    expect(driver.sotw(CDS)).toEqual(['CDS']);
    expect(driver.accept(CDS)).toEqual([]);
    expect(driver.sotw(LDS, { names: ['*'] })).toEqual(['LDS']);
  });

  test('62: a request that came before the first snapshot is answered when it exists', () => {
    const driver = new SessionDriver('sotw');

    expect(driver.sotw(CDS)).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1' })).toEqual(['CDS a@1']);
  });
});

describe('subscriptions', () => {
  test('25, 26: naming nothing means everything until something was named, and nothing from then on', () => {
    const driver = connected({ [CDS]: 'a@1 b@1' });

    expect(driver.sotw(CDS)).toEqual(['CDS a@1 b@1']);
    driver.accept(CDS, ['*', 'a']);
    driver.accept(CDS, ['*', 'a']);
    driver.sotw(CDS, { names: ['a'] });
    driver.sotw(CDS);

    expect(driver.publish({ [CDS]: 'a@2 b@2' })).toEqual([]);
    expect(reportOf(driver.session).lagging).toEqual([]);
  });

  test('27: the wildcard and names are held together, and names stay when the wildcard goes', () => {
    const driver = connected({ [CDS]: 'a@1 b@1' });
    driver.sotw(CDS, { names: ['*', 'a'] });
    driver.accept(CDS, ['*', 'a']);

    expect(driver.sotw(CDS, { names: ['a'] })).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@2 b@2' })).toEqual(['CDS a@2']);
  });

  test('27: a wildcard that comes later, or again, is sent everything', () => {
    const driver = connected({ [CDS]: 'a@1 b@1' });
    driver.sotw(CDS, { names: ['a'] });
    driver.accept(CDS, ['a']);

    expect(driver.sotw(CDS, { names: ['*', 'a'] })).toEqual(['CDS a@1 b@1']);
    driver.accept(CDS, ['*', 'a']);
    expect(driver.sotw(CDS, { names: ['a'] })).toEqual([]);
    expect(driver.sotw(CDS, { names: ['*', 'a'] })).toEqual(['CDS a@1 b@1']);
  });

  test('27: a wildcard that comes while names are on their way is sent everything after them', () => {
    const driver = connected({ [CDS]: 'a@1 b@1' });
    driver.sotw(CDS, { names: ['a'] });

    expect(driver.sotw(CDS, { names: ['*', 'a'] })).toEqual([]);
    expect(driver.accept(CDS, ['*', 'a'])).toEqual(['CDS a@1 b@1']);
  });

  test.each([EDS, RDS, SDS])('28, 65: an empty first request of %s subscribes to nothing', (type) => {
    const driver = connected({ [type]: 'a@1' });

    expect(driver.sotw(type)).toEqual([]);
    expect(driver.publish({ [type]: 'a@2' })).toEqual([]);
  });

  test('29: listeners and clusters are listed whole, and what is left out is gone', () => {
    const driver = started();

    expect(driver.publish({ [CDS]: 'a@2 b@1', [EDS]: 'a@1 b@1' })).toEqual(['CDS a@2 b@1', 'EDS a@1']);
    driver.accept(EDS, ['a', 'b']);
    driver.accept(CDS);
    expect(driver.publish({ [CDS]: 'a@2', [EDS]: 'a@1' })).toEqual(['CDS a@2']);
    driver.accept(CDS);
    expect(driver.publish({})).toEqual(['CDS']);
  });

  test('29: only what is subscribed is listed', () => {
    const driver = connected({ [LDS]: 'a@1 b@1 c@1' });

    expect(driver.sotw(LDS, { names: ['a', 'c'] })).toEqual(['LDS a@1 c@1']);
    driver.accept(LDS, ['a', 'c']);
    expect(driver.publish({ [LDS]: 'a@1 b@2 c@2' })).toEqual(['LDS a@1 c@2']);
  });

  test('30: of other types only what changed is sent', () => {
    const driver = started();

    expect(driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@2' })).toEqual(['EDS b@2']);
  });

  test('30: of other types a removal is not told', () => {
    const driver = started();

    expect(driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1' })).toEqual([]);
    expect(isCurrent(driver.session)).toBe(true);
  });

  test('31: a newly named resource is sent at an unchanged version', () => {
    const driver = started();

    expect(driver.sotw(EDS, { names: ['a', 'b', 'c'] })).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@1 b@1 c@1' })).toEqual(['EDS c@1']);
  });

  test('32: a name dropped and named again is sent again', () => {
    const driver = started();

    expect(driver.sotw(EDS, { names: ['b'] })).toEqual([]);
    expect(driver.sotw(EDS, { names: ['a', 'b'] })).toEqual(['EDS a@1']);
  });

  test('33: dropping names gets no response', () => {
    const driver = started();

    expect(driver.sotw(EDS, { names: ['a'] })).toEqual([]);
    expect(driver.sotw(EDS)).toEqual([]);
    expect(isCurrent(driver.session)).toBe(true);
  });

  test.each([EDS, RDS, SDS])('34, 63: a name of %s that does not exist is remembered in silence', (type) => {
    const driver = connected();
    const short = { [EDS]: 'EDS', [RDS]: 'RDS', [SDS]: 'SDS' }[type];

    expect(driver.sotw(type, { names: ['later'] })).toEqual([]);
    expect(driver.publish({ [type]: 'other@1' })).toEqual([]);
    expect(driver.publish({ [type]: 'other@1 later@1' })).toEqual([`${short} later@1`]);
  });

  test('34: a named cluster that does not exist is told by its absence', () => {
    expect(connected({ [CDS]: 'a@1' }).sotw(CDS, { names: ['a', 'later'] })).toEqual(['CDS a@1']);
  });

  test('35: a partial subscription is answered with what exists', () => {
    const driver = connected({ [EDS]: 'a@1 b@1 c@1' });

    expect(driver.sotw(EDS, { names: ['b', 'nobody'] })).toEqual(['EDS b@1']);
  });

  test('36: what was dropped while it waited is not sent', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@2 b@1' });
    driver.publish({ [CDS]: 'a@1 b@1', [EDS]: 'a@2 b@2' });

    expect(driver.accept(EDS, ['a'])).toEqual([]);
  });
});

describe('order', () => {
  const listener = (version: string, cluster: string): ReturnType<typeof entry> =>
    entry('l', version, { clusters: [cluster] });

  test('56: a cluster stays listed until the listener that used it was replaced, which waits for the new one', () => {
    const driver = connected({ [CDS]: 'old@1', [LDS]: [listener('1', 'old')] });
    driver.sotw(CDS);
    driver.accept(CDS);
    driver.sotw(LDS);
    driver.accept(LDS);

    expect(driver.publish({ [CDS]: 'new@1', [LDS]: [listener('2', 'new')] })).toEqual(['CDS new@1 old@1']);
    expect(driver.accept(CDS)).toEqual(['LDS l@2']);
    expect(driver.accept(LDS)).toEqual(['CDS new@1']);
  });

  test('56: a listener whose cluster is not there yet is listed as the client has it', () => {
    const driver = connected({ [CDS]: 'old@1', [LDS]: [listener('1', 'old'), entry('m', '1')] });
    driver.sotw(CDS);
    driver.accept(CDS);
    driver.sotw(LDS);
    driver.accept(LDS);

    const sent = driver.publish({
      [CDS]: 'old@1 new@1',
      [LDS]: [listener('2', 'new'), entry('m', '2')],
    });

    expect(sent).toEqual(['CDS new@1 old@1', 'LDS l@1 m@2']);
  });
});

describe('a NACK', () => {
  const names = 'Error adding/updating cluster(s) b: bad';

  test('14, 29: refused resources are listed as the client has them', () => {
    const driver = started();
    driver.publish({ [CDS]: 'a@2 b@bad', [EDS]: 'a@1 b@1' });

    expect(driver.refuse(CDS, names)).toEqual(['CDS a@2 b@1']);
    expect(driver.accept(CDS)).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@3 b@bad', [EDS]: 'a@1 b@1' })).toContain('CDS a@3 b@1');
  });

  test('14, 29: a refused resource that the client never had is left out', () => {
    const driver = connected({ [CDS]: 'a@1 b@bad' });
    driver.sotw(CDS);

    expect(driver.refuse(CDS, names)).toEqual(['CDS a@1']);
    expect(driver.accept(CDS)).toEqual([]);
    expect(driver.publish({ [CDS]: 'a@1 b@good' })).toEqual(['CDS a@1 b@good']);
  });

  test('an unnamed culprit among clusters is found by halving, and everything else arrives', () => {
    const driver = connected({ [CDS]: 'a@1 b@1 c@1 d@1' });
    driver.sotw(CDS);
    driver.accept(CDS);
    driver.publish({ [CDS]: 'a@2 b@2 c@bad d@2' });
    let last = '';

    for (let step = 0; step < 12 && !reportOf(driver.session).atRest; step += 1) {
      const { resources } = driver.last(CDS);
      last = resources
        .map((it) => `${it.name}@${it.version}`)
        .toSorted()
        .join(' ');
      if (last.includes('bad')) driver.refuse(CDS, 'who knows');
      else driver.accept(CDS);
    }

    expect(last).toBe('a@2 b@2 c@1 d@2');
    expect(reportOf(driver.session).rejected.map((it) => it.name)).toEqual(['c']);
  });
});
