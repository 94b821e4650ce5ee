// The roots that pods with certificates of their own find beside them, as the leader publishes them: when they change, and now and then in
// case somebody else wrote there.
import type { Clock } from '../process/clock.ts';

const repeatMs = 300_000;

export interface TrustPorts {
  readonly publishTrust?: (roots: string) => Promise<void>;
  readonly clock: Clock;
}

export class TrustPublication {
  readonly #ports: TrustPorts;
  #isWanted = false;
  #published: { readonly roots: string; readonly atMs: number } | undefined;

  constructor(ports: TrustPorts) {
    this.#ports = ports;
  }

  /** Returns whether that is new. */
  want(isWanted: boolean): boolean {
    const isNew = isWanted !== this.#isWanted;
    this.#isWanted = isWanted;
    return isNew;
  }

  /** Another operator may have written since. */
  forget(): void {
    this.#published = undefined;
  }

  /** By this operator, as it leads. */
  isDone(): boolean {
    return this.#published !== undefined;
  }

  /** Rejects if it cannot be written. */
  async publish(roots: string): Promise<void> {
    const { publishTrust, clock } = this.#ports;
    if (!this.#isWanted || publishTrust === undefined) return;
    const now = clock.now();
    const { roots: last, atMs = 0 } = this.#published ?? {};
    if (roots === last && now - atMs < repeatMs) return;
    await publishTrust(roots);
    this.#published = { roots, atMs: now };
  }
}
