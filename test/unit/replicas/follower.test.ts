// When a replica dials the leader: the pauses are counted, not waited for.
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { createLog } from '../../../operator/process/log.ts';
import { Follower } from '../../../operator/replicas/follower.ts';
import { PeerCredentials } from '../../../operator/replicas/peer-credentials.ts';
import type { ServerKeyPair } from '../../../operator/xds/server/credentials.ts';
import { freePort } from '../../support/kubernetes/free-port.ts';
import { freshAuthority, serverPair } from '../../support/xds-certificates.ts';

/** Timers that fire when they are told to. */
class Pauses {
  readonly running = new Set<{ readonly ms: number; readonly fire: () => void }>();
  #waiting: (() => void) | undefined;

  readonly after = (ms: number, fire: () => void): (() => void) => {
    const pause = { ms, fire };
    this.running.add(pause);
    this.#waiting?.();
    return () => void this.running.delete(pause);
  };

  /** The next pause that is not a heartbeat's; it is over at once. */
  async next(): Promise<number> {
    for (;;) {
      for (const pause of this.running) {
        if (pause.ms === 3000) continue;
        this.running.delete(pause);
        pause.fire();
        return pause.ms;
      }
      // oxlint-disable-next-line no-await-in-loop -- until there is one
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
  }
}

let pair: ServerKeyPair;
beforeAll(async () => {
  pair = await serverPair(await freshAuthority());
});

let follower: Follower | undefined;
afterEach(() => follower?.setLeader(null));

function newFollower(): { follower: Follower; credentials: PeerCredentials; pauses: Pauses } {
  const pauses = new Pauses();
  const credentials = new PeerCredentials();
  follower = new Follower({
    replica: () => 'b',
    own: () => ({ snapshot: null, proxies: [] }),
    credentials,
    clock: { now: () => 0, monotonicMs: () => 0, after: pauses.after },
    log: createLog('silent'),
    onQuota: () => undefined,
  });
  return { follower, credentials, pauses };
}

test('a leader that is not reached is dialled again after 0.2 s, then twice that, up to 5 s; another leader at once', async () => {
  const { follower: it, credentials, pauses } = newFollower();
  credentials.update(pair);
  it.setLeader(`127.0.0.1:${await freePort()}`);

  const seen: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  while (seen.length < 7) seen.push(await pauses.next());
  expect(seen).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);

  it.setLeader(`127.0.0.1:${await freePort()}`);
  expect(await pauses.next()).toBe(200);
});

test('nobody is dialled before there is a certificate', async () => {
  const { follower: it, credentials, pauses } = newFollower();
  it.setLeader(`127.0.0.1:${await freePort()}`);
  expect(pauses.running.size).toBe(0);

  credentials.update(pair);
  it.certified();

  expect(await pauses.next()).toBe(200);
});

test('when nobody leads, nothing is dialled and no timer is left', async () => {
  const { follower: it, credentials, pauses } = newFollower();
  credentials.update(pair);
  it.setLeader(`127.0.0.1:${await freePort()}`);

  it.setLeader(null);

  expect(pauses.running.size).toBe(0);
});
