// Who is told again of a certificate, and how often.
import { expect, test } from '@jest/globals';
import { Reminders } from '../../../operator/certificates/reminders.ts';
import { beginRotation, type ProxyProof } from '../../../operator/certificates/rotation.ts';

const switching = { ...beginRotation(0), phase: 'Switch' } as const;
const wanted = { trust: '', signer: 'new' };

function proof(workload: string, more: Partial<ProxyProof> = {}): ProxyProof {
  return { workload, missingSince: null, isConnected: true, hasPublishedTrust: true, leaf: null, ...more };
}

class World {
  proxies: readonly ProxyProof[] = [proof('Pod/shop/stuck')];
  readonly told: (readonly [seconds: number, ...workloads: string[]])[] = [];
  rotation = { ...switching };
  leadingSinceMs = 0;
  #seconds = 0;
  readonly #reminders = new Reminders({
    evidence: () => ({ publishedTrust: '', proxies: this.proxies }),
    onOverdue: (workloads) => this.told.push([this.#seconds, ...workloads]),
  });

  /** A round every five seconds, as while a root is rotated. */
  until(seconds: number): void {
    for (; this.#seconds <= seconds; this.#seconds += 5)
      this.#reminders.remind(this.rotation, wanted, {
        leadingSinceMs: this.leadingSinceMs,
        now: this.#seconds * 1000,
      });
  }
}

test('whoever never obeys is told ever more rarely: a rotation may wait for days', () => {
  const world = new World();
  world.until(3600);

  const seconds = world.told.map(([at]) => at);
  expect(seconds.slice(0, 6)).toEqual([15, 45, 105, 225, 465, 765]);
  expect(seconds).toHaveLength(15);
});

test('the next phase and the next leader begin anew', () => {
  const world = new World();
  world.until(1000);
  world.rotation = { ...switching, sinceMs: 1_000_000 };
  world.until(1200);
  world.leadingSinceMs = 1_200_000;
  world.until(1250);

  expect(world.told.map(([at]) => at).filter((at) => at > 1000)).toEqual([1015, 1045, 1105, 1215, 1245]);
});

test('only those that hold the rotation up and are connected; one that comes back is told at once', () => {
  const world = new World();
  const leaf = { root: 'new', issuedMs: 0 };
  const away = proof('Pod/shop/away', { isConnected: false });
  world.proxies = [away, proof('Pod/shop/new', { leaf })];
  world.until(400);
  expect(world.told).toEqual([]);
  world.proxies = [{ ...away, isConnected: true }];
  world.until(405);

  expect(world.told).toEqual([[405, 'Pod/shop/away']]);
});
