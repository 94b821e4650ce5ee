// While a root is rotated, pods whose sidecars have not shown a certificate that counts are refreshed again, at growing intervals: the
// operator that wrote it may have ended before it told their kubelets, or a kubelet looked before it had heard of the new Secret. Entry:
// Reminders.
import { type Evidence, leafHolders, type Rotation, type Wanted } from './rotation.ts';

/** Told once, a kubelet mostly needs a second or two. */
const firstMs = 15_000;
/** A pod that was told this often has another trouble, and thousands of them are thousands of writes each time. */
const longestMs = 300_000;

export interface ReminderPorts {
  readonly evidence: () => Evidence;
  /** Workload keys, `Pod/shop/reviews-v1-abc`. */
  readonly onOverdue?: (workloads: readonly string[]) => void;
}

export class Reminders {
  readonly #ports: ReminderPorts;
  /** When the phase began, or we began to lead in it. */
  #beganMs: number | undefined;
  #dueMs = 0;
  #everyMs = firstMs;

  constructor(ports: ReminderPorts) {
    this.#ports = ports;
  }

  /** To be called by the leader now and then. leadingSinceMs, now: ms since 1970. */
  remind(
    rotation: Rotation,
    wanted: Wanted,
    { leadingSinceMs, now }: { readonly leadingSinceMs: number; readonly now: number },
  ): void {
    const beganMs = Math.max(rotation.sinceMs, leadingSinceMs);
    if (beganMs !== this.#beganMs) this.#begin(beganMs);
    if (now < this.#dueMs) return;
    const overdue = leafHolders(rotation, wanted, this.#ports.evidence()).filter((it) => it.isConnected);
    if (overdue.length === 0) return;
    this.#everyMs = Math.min(this.#everyMs * 2, longestMs);
    this.#dueMs = now + this.#everyMs;
    this.#ports.onOverdue?.(overdue.map(({ workload }) => workload));
  }

  #begin(beganMs: number): void {
    this.#beganMs = beganMs;
    this.#everyMs = firstMs;
    this.#dueMs = beganMs + firstMs;
  }
}
