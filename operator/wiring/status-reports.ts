// From verdicts and acknowledgements to written statuses: the wiring of the status room. Of several operators one writes.
import type { Issuer } from '../certificates/issuer.ts';
import type { Log } from '../process/log.ts';
import type { Outcome } from './pipeline.ts';
import type { StatusPort } from '../ports/platform.ts';
import { aggregate } from '../status/aggregate.ts';
import type { CertificateReport } from '../status/ready.ts';
import { createStatusLoop } from '../process/status-loop.ts';
import { createStatusWriter, type StatusWriter, type StatusWriterMetrics } from '../status/writer.ts';
import type { WorkloadReport } from '../conditions/workload-report.ts';
import type { Clock } from '../process/clock.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';

export interface StatusReportsOptions {
  readonly port: StatusPort;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: StatusWriterMetrics;
  readonly outcome: () => Outcome;
  readonly proxies: () => readonly ProxyReport[];
  /** Proxies are still acknowledging the latest publication. */
  readonly isConverging: () => boolean;
  /** Keys of the workloads whose proxies are connected. */
  readonly connected: () => ReadonlySet<string>;
  readonly issuer: Pick<Issuer, 'state'>;
  /** undefined where nobody is given a sidecar. */
  readonly workloads: () => WorkloadReport | undefined;
}

export interface StatusReports {
  readonly writer: StatusWriter;
  /** Something a status is made from may have changed. Cheap. */
  changed(): void;
  /** From now on it writes, until onStoppedLeading. */
  onStartedLeading(): void;
  /** Resolves when nothing is written any more. */
  onStoppedLeading(): Promise<void>;
  close(): void;
}

export function createStatusReports(options: StatusReportsOptions): StatusReports {
  const { port, log, clock, metrics } = options;
  const writer = createStatusWriter({ port, log, clock, metrics });
  let sidecars: Returning | null = null;
  const loop = createStatusLoop({
    clock,
    isMoving: () => options.isConverging(),
    compute: () => {
      if (sidecars?.isDone() !== true) return;
      const { verdicts, snapshot } = options.outcome();
      writer.offer(
        aggregate({
          verdicts,
          snapshot,
          proxies: options.proxies(),
          certificates: certificateReport(options.issuer),
          workloads: options.workloads(),
          previous: writer.latest(),
          now: new Date(clock.now()),
        }),
      );
    },
  });
  const quiet = (): void => {
    sidecars?.close();
    sidecars = null;
  };
  return {
    writer,
    changed: () => loop.changed(),
    onStartedLeading: () => {
      sidecars ??= returning(options, () => loop.changed());
      loop.changed();
    },
    onStoppedLeading: async () => {
      quiet();
      await writer.clear();
    },
    close: () => {
      quiet();
      loop.close();
    },
  };
}

/** Sidecars try again at least every 5 s. */
const returnMs = 10_000;

/**
 * After an operator has begun to lead, the sidecars come back, or other operators tell of them, one by one. Until all are
 * there, or long enough has passed, the statuses of before stay: counting only those that came first would call a policy
 * programmed that others run without.
 */
function returning({ outcome, connected, clock }: StatusReportsOptions, again: () => void): Returning {
  let isOver = false;
  let cancel: (() => void) | undefined;
  const end = (): void => {
    isOver = true;
    again();
  };
  const isDone = (): boolean => {
    const { ir, snapshot } = outcome();
    // Without a Mesh nothing is published, and everybody is told so at once.
    if (isOver || ir === null) return true;
    cancel ??= clock.after(returnMs, end);
    // Without certificates nothing is published either, and then the statuses have to say why.
    if (snapshot === null) return false;
    const present = connected();
    isOver = [...snapshot.views.keys()].every((workload) => present.has(workload));
    if (isOver) cancel();
    return isOver;
  };
  return { isDone, close: () => cancel?.() };
}

interface Returning {
  isDone(): boolean;
  /** Waits no longer: a timer would keep the process alive. */
  close(): void;
}

function certificateReport(issuer: Pick<Issuer, 'state'>): CertificateReport {
  const { rootNotAfter, nextRenewal, problems } = issuer.state();
  return {
    problems,
    ...(rootNotAfter !== undefined && { rootNotAfter }),
    ...(nextRenewal !== undefined && { nextRenewal }),
  };
}
