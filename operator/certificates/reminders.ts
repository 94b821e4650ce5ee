// While a root is rotated, pods whose sidecars have not shown a certificate that counts are refreshed again and again: the operator that
// wrote it may have ended before it told their kubelets, or a kubelet looked before it had heard of the new Secret. Entry: Reminders.
import { type Evidence, leafHolders, type Rotation, type Wanted } from './rotation.ts';

/** Told once, a kubelet mostly needs a second or two. */
const everyMs = 15_000;

export interface ReminderPorts {
  readonly evidence: () => Evidence;
  /** Workload keys, `Pod/shop/reviews-v1-abc`. */
  readonly onOverdue?: (workloads: readonly string[]) => void;
}

export class Reminders {
  readonly #ports: ReminderPorts;
  #lastMs = 0;

  constructor(ports: ReminderPorts) {
    this.#ports = ports;
  }

  /** To be called by the leader now and then. leadingSinceMs, now: ms since 1970. */
  remind(
    rotation: Rotation,
    wanted: Wanted,
    { leadingSinceMs, now }: { readonly leadingSinceMs: number; readonly now: number },
  ): void {
    const toldMs = Math.max(this.#lastMs, rotation.sinceMs, leadingSinceMs);
    if (now - toldMs < everyMs) return;
    this.#lastMs = now;
    const overdue = leafHolders(rotation, wanted, this.#ports.evidence()).filter((it) => it.isConnected);
    if (overdue.length > 0) this.#ports.onOverdue?.(overdue.map(({ workload }) => workload));
  }
}
