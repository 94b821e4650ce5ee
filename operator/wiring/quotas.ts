// Sidecars report what they counted of quotas, and are assigned their shares: by this operator, while it leads; else by the leader, to
// which their reports are passed on.
import { status } from '@grpc/grpc-js';
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import { quotasOf } from '../ir/quota.ts';
import { type Assigned, Ledger, type Reported } from '../quotas/ledger.ts';
import { mostBytesOf, readReport, writeAssignments } from '../quotas/rlqs-messages.ts';
import type { QuotaRule } from '../quotas/rule.ts';
import { type Proven, type QuotaCall, quotaService, QuotaStreams } from '../quotas/service.ts';
import { authorizeStream } from '../xds/server/authorize-stream.ts';
import { rememberLast } from '../values/remember.ts';
import { sourceOf } from './expected-source.ts';
import type { Context, Made, Reads, Writes } from './part.ts';
import { createUsageReports } from './quota-usage.ts';
import { wakingAt } from './waking.ts';

type Cells = Reads<'identities' | 'translation' | 'quotasIn'> &
  Writes<'quotaServices' | 'quotasOut' | 'quotaReports'>;

export type QuotasContext = Pick<Context, 'settings' | 'clock' | 'log'> & {
  readonly metrics: Pick<Context['metrics'], 'quotaCounted' | 'quotaReportDropped'>;
};

/** Of quotas and sidecars whose reports are dropped, remembered so as not to say it again. */
const mostSaid = 1_000;
/** Of one message, unless a single bucket is larger: a replica that passes it on reads 4 MB. */
const mostBytes = 1024 * 1024;

export function createQuotas(
  cells: Cells,
  { settings, clock, log, metrics }: QuotasContext,
): Required<Pick<Made, 'component' | 'leaderCallbacks'>> {
  const { identities, translation, quotasIn, quotaServices, quotasOut } = cells;
  const ledger = new Ledger({ counted: metrics.quotaCounted, dropped: droppedOf(log, metrics) });
  let isLeading = false;
  const streams = new QuotaStreams();
  const assign = assigningTo(streams, quotasOut);
  const usage = createUsageReports(cells, ledger, clock);
  const windows = wakingAt(clock, {
    next: (nowMs) => ledger.nextMs(nowMs),
    wake: (nowMs) => ledger.tick(nowMs).forEach((assigned, sidecar) => assign(sidecar, assigned)),
  });
  const count = (sidecar: string, reported: readonly Reported[]): void => {
    assign(sidecar, ledger.report(sidecar, reported, clock.now()));
    windows.look();
  };
  const refused = (peer: string, reason: string): void =>
    log.debug({ peer, reason }, 'report of quotas refused');
  const reported = (sidecar: string, counts: readonly Reported[], bytes: Uint8Array): void => {
    if (isLeading) count(sidecar, counts);
    else quotasOut.set({ type: 'report', sidecar, bytes });
  };
  quotaServices.set([
    quotaService({ sidecarOf: proverOf(identities, settings), reported, refused }, streams),
  ]);
  quotasIn.subscribe(() => {
    const message = quotasIn.get();
    // What comes after the leader is another is for nobody.
    if (message === null || isLeading !== (message.type === 'report')) return;
    const { sidecar, bytes } = message;
    if (message.type === 'assignment') return streams.write(sidecar, bytes);
    streams.moved(sidecar);
    count(sidecar, readAgain(bytes, log));
  });
  const setRules = rememberLast((workloads: readonly WorkloadIr[]) => ledger.setRules(rulesOf(workloads)));
  translation.subscribe(() => {
    const { ir } = translation.get();
    if (ir !== null) setRules(ir.workloads);
  });
  const stop = (): Promise<void> => {
    isLeading = false;
    windows.cancel();
    usage.end();
    ledger.clear();
    return Promise.resolve();
  };
  return {
    component: { name: 'quotas', start: () => Promise.resolve(), ready: () => true, stop },
    leaderCallbacks: {
      onStartedLeading: () => {
        isLeading = true;
        usage.begin();
      },
      onStoppedLeading: stop,
    },
  };
}

/** Tells sidecars that are connected here, and others by way of their replicas. */
function assigningTo(
  streams: QuotaStreams,
  quotasOut: Cells['quotasOut'],
): (sidecar: string, assigned: readonly Assigned[]) => void {
  return (sidecar, assigned) => {
    for (const bytes of messagesOf(assigned)) {
      if (streams.has(sidecar)) streams.write(sidecar, bytes);
      else quotasOut.set({ type: 'assignment', sidecar, bytes });
    }
  };
}

/** Said once for each of them. A sidecar that was a server of the Service a moment ago may report for some seconds. */
function droppedOf(
  log: QuotasContext['log'],
  metrics: QuotasContext['metrics'],
): (quota: string, sidecar: string) => void {
  const said = new Set<string>();
  return (quota, sidecar) => {
    metrics.quotaReportDropped(quota);
    const key = `${quota} ${sidecar}`;
    if (said.has(key)) return;
    if (said.size >= mostSaid) said.clear();
    said.add(key);
    log.warn({ quota, sidecar }, 'report dropped: the workload of the sidecar does not have this quota');
  };
}

/** Another operator has read it before; it may be of another version. */
function readAgain(bytes: Uint8Array, log: QuotasContext['log']): readonly Reported[] {
  try {
    return readReport(bytes);
  } catch (error) {
    log.debug({ error }, 'report of quotas from another operator cannot be read');
    return [];
  }
}

function* messagesOf(assigned: readonly Assigned[]): Generator<Buffer> {
  let [from, bytes] = [0, 0];
  for (const [index, one] of assigned.entries()) {
    const more = mostBytesOf(one);
    if (bytes + more > mostBytes && index > from) {
      yield writeAssignments(assigned.slice(from, index));
      [from, bytes] = [index, 0];
    }
    bytes += more;
  }
  if (from < assigned.length) yield writeAssignments(assigned.slice(from));
}

function proverOf(
  identities: Cells['identities'],
  settings: QuotasContext['settings'],
): (call: QuotaCall, nodeId: string) => Proven {
  return (call, nodeId) => {
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
}

function rulesOf(workloads: readonly WorkloadIr[]): ReadonlyMap<string, QuotaRule> {
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
