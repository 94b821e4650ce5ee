// From verdicts and acknowledgements to written statuses: the wiring of the status room.
import type { Issuer } from './certificates/issuer.ts';
import type { Log } from './log.ts';
import type { Outcome } from './pipeline.ts';
import type { StatusPort } from './platform/platform.ts';
import { aggregate, type CertificateReport } from './status/aggregate.ts';
import { createStatusLoop } from './status/status-loop.ts';
import { createStatusWriter, type StatusWriter, type StatusWriterMetrics } from './status/writer.ts';
import type { Timer } from './store/settle.ts';
import type { ProxyReport } from './xds/proxy-report.ts';

export interface StatusReportingOptions {
  readonly port: StatusPort;
  readonly log: Log;
  readonly timer: Timer;
  readonly metrics: StatusWriterMetrics;
  readonly outcome: () => Outcome;
  readonly proxies: () => readonly ProxyReport[];
  readonly issuer: Pick<Issuer, 'state'>;
}

export interface StatusReporting {
  readonly writer: StatusWriter;
  /** Something a status is made from may have changed. Cheap. */
  changed(): void;
  close(): void;
}

export function createStatusReporting(options: StatusReportingOptions): StatusReporting {
  const { port, log, timer, metrics } = options;
  const writer = createStatusWriter({ port, log, timer, metrics });
  const loop = createStatusLoop({
    timer,
    nowMs: () => performance.now(),
    compute: () => {
      const { verdicts, snapshot } = options.outcome();
      const certificates = certificateReport(options.issuer);
      const proxies = options.proxies();
      const previous = writer.latest();
      writer.offer(aggregate({ verdicts, snapshot, proxies, certificates, previous, now: new Date() }));
    },
  });
  return { writer, changed: () => loop.changed(), close: () => loop.close() };
}

function certificateReport(issuer: Pick<Issuer, 'state'>): CertificateReport {
  const { rootNotAfter, nextRenewal, problems } = issuer.state();
  return {
    problems,
    ...(rootNotAfter !== undefined && { rootNotAfter }),
    ...(nextRenewal !== undefined && { nextRenewal }),
  };
}
