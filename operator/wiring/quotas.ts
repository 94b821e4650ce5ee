// Sidecars report what they counted of quotas, and are assigned their shares.
import { status } from '@grpc/grpc-js';
import { quotasOf } from '../ir/quota.ts';
import { Ledger, type Reported } from '../quotas/ledger.ts';
import type { QuotaRule } from '../quotas/rule.ts';
import { type Proven, type QuotaCall, quotaService, QuotaStreams } from '../quotas/service.ts';
import { authorizeStream } from '../xds/server/authorize-stream.ts';
import { sourceOf } from './expected-source.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'identities' | 'translation'> & Writes<'quotaServices'>;

export type QuotasContext = Pick<Context, 'settings' | 'clock' | 'log'>;

export function createQuotas(
  { identities, translation, quotaServices }: Cells,
  { settings, clock, log }: QuotasContext,
): Required<Pick<Made, 'component'>> {
  const ledger = new Ledger();
  const sidecarOf = (call: QuotaCall, nodeId: string): Proven => {
    const decision = authorizeStream({ call, peer: call.getPeer() }, nodeId, {
      identityOf: (key) => identities.get()?.get(key)?.identity.spiffeId,
      sourceOf: (key) => sourceOf(identities.get()?.get(key), settings),
      isTransportSecure: true,
    });
    if (decision.type === 'allowed') return { sidecar: decision.workload };
    if (decision.type === 'denied') return { sidecar: null, code: decision.code, reason: decision.message };
    const reason = decision.reason ?? `no workload is known as ${decision.workload}`;
    return { sidecar: null, code: status.PERMISSION_DENIED, reason };
  };
  const streams = new QuotaStreams();
  let wakes: { readonly atMs: number; readonly cancel: () => void } | null = null;
  /** At the end of the next window. */
  const wakeUp = (): void => {
    const nowMs = clock.now();
    const atMs = ledger.nextEndMs(nowMs);
    if (atMs === null || (wakes !== null && wakes.atMs <= atMs)) return;
    wakes?.cancel();
    const cancel = clock.after(Math.max(1, atMs - nowMs), () => {
      wakes = null;
      for (const [sidecar, assigned] of ledger.tick(clock.now())) streams.assign(sidecar, assigned);
      wakeUp();
    });
    wakes = { atMs, cancel };
  };
  const reported = (sidecar: string, counts: readonly Reported[]): void => {
    streams.assign(sidecar, ledger.report(sidecar, counts, clock.now()));
    wakeUp();
  };
  const refused = (peer: string, reason: string): void => {
    log.debug({ peer, reason }, 'report of quotas refused');
  };
  quotaServices.set([quotaService({ sidecarOf, reported, refused }, streams)]);
  translation.subscribe(() => {
    const { ir } = translation.get();
    if (ir !== null) ledger.setRules(rulesOf(ir.workloads));
  });
  return {
    component: {
      name: 'quotas',
      start: () => Promise.resolve(),
      ready: () => true,
      stop: () => {
        wakes?.cancel();
        return Promise.resolve();
      },
    },
  };
}

function rulesOf(workloads: Parameters<typeof quotasOf>[0]): ReadonlyMap<string, QuotaRule> {
  return new Map(
    [...quotasOf(workloads)].map(([key, { quota, servers }]) => [
      key,
      {
        limit: quota.requests,
        periodMs: quota.periodMs,
        window: quota.window,
        burst: quota.burst,
        isEnforced: quota.isEnforced,
        servers,
      },
    ]),
  );
}
