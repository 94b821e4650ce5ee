// Leader election by a Lease of a real API server.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../operator/process/clock.ts';
import { createLog } from '../../operator/process/log.ts';
import { createLeaderElection, type LeaderElection } from '../../operator/replicas/lease.ts';
import { type Injection, ownNamespace, startInjection } from '../support/injection.ts';
import { apiServerAvailable } from '../support/kubernetes.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

suite('the Lease', () => {
  let cluster: Injection;
  const events: string[] = [];
  const elections: LeaderElection[] = [];

  const join = async (identity: string, reach: () => void = () => undefined): Promise<LeaderElection> => {
    const { leases } = cluster.platform;
    if (leases === undefined) throw new Error('the Kubernetes platform has Leases');
    const election = createLeaderElection({
      port: {
        read: async () => {
          reach();
          return await leases.read();
        },
        write: async (record, over) => {
          reach();
          return await leases.write(record, over);
        },
      },
      identity,
      clock: systemClock,
      log: createLog('silent'),
      // A request may take a second without a change of leaders.
      durationMs: 5000,
      renewMs: 500,
      retryMs: 100,
      onStartedLeading: () => events.push(`${identity} leads`),
      onStoppedLeading: () => {
        events.push(`${identity} follows`);
        return Promise.resolve();
      },
    });
    elections.push(election);
    await election.start();
    return election;
  };
  const until = (wanted: readonly string[]): Promise<true> =>
    cluster.until(() => Promise.resolve(events.join() === wanted.join() ? true : undefined));

  beforeAll(async () => {
    cluster = await startInjection();
    await cluster.namespace(ownNamespace, {});
  });

  afterAll(async () => {
    await Promise.allSettled(elections.map((election) => election.stop()));
    await cluster.stop();
  });

  test('moves when it is released, and when its holder no longer renews it', async () => {
    let isCut = false;
    const a = await join('a');
    await until(['a leads']);
    await join('b', () => {
      if (isCut) throw new Error('cut off');
    });
    await a.stop();
    await until(['a leads', 'a follows', 'b leads']);

    isCut = true;
    await join('c');

    await until(['a leads', 'a follows', 'b leads', 'b follows', 'c leads']);
    const holder = [
      'get',
      'lease',
      'meshwright-operator',
      '-n',
      ownNamespace,
      '-o',
      'jsonpath={.spec.holderIdentity} {.spec.leaseTransitions}',
    ];
    expect(await cluster.kubectl(holder)).toBe('c 3');
    isCut = false;
  });
});
