// Reports a second proxy of a workload with an Event on the pod.
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import type { PodPort } from '../ports/pod-port.ts';
import type { ProvableWorkload } from './board.ts';

/** It comes back every few seconds. */
const everyMs = 60_000;

export interface SecondProxyContext {
  /** undefined: there are none. */
  readonly pods: PodPort | undefined;
  readonly workloadOf: (key: string) => ProvableWorkload | undefined;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Log;
}

export function createSecondProxyEvents({ pods, workloadOf, clock, log }: SecondProxyContext) {
  const toldAtMs = new Map<string, number>();
  return (key: string, [own, second]: readonly [string, string]): void => {
    const nowMs = clock.monotonicMs();
    for (const [told, atMs] of toldAtMs) if (nowMs - atMs >= everyMs) toldAtMs.delete(told);
    const pod = workloadOf(key);
    if (pods === undefined || pod?.kind !== 'Pod' || toldAtMs.has(key)) return;
    toldAtMs.set(key, nowMs);
    const [ownAddress, secondAddress] = [own, second].map((peer) => peer.slice(0, peer.lastIndexOf(':')));
    const message = `A second Envoy (${secondAddress}) requested the configuration of this pod while its sidecar (${ownAddress}) is connected. It was refused, and no status counts it. Stop it, or find out what else uses the certificate of this pod's service account.`;
    pods.event(pod, { type: 'Warning', reason: 'SecondProxy', message }).catch((error: unknown) => {
      log.warn({ error, workload: key }, 'event write failed');
    });
  };
}
