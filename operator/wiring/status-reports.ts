// From verdicts and acknowledgements to written statuses. Of several operators one writes.
import type { IssuerState } from '../certificates/issuer.ts';
import { createStatusLoop } from '../process/status-loop.ts';
import { aggregate } from '../status/aggregate.ts';
import type { CertificateReport } from '../status/ready.ts';
import { createStatusWriter } from '../status/writer.ts';
import type { Context, Made, Reads, Writes } from './part.ts';
import { SidecarReturn } from './sidecar-return.ts';

type Cells = Reads<
  | 'change'
  | 'translation'
  | 'snapshot'
  | 'proxies'
  | 'isConverging'
  | 'connectedWorkloads'
  | 'certificates'
  | 'workloadReport'
> &
  Writes<'statuses'>;

export interface StatusReportsContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'statuses'>;
  readonly metrics: Pick<Context['metrics'], 'statusWritten'>;
}

export function createStatusReports(cells: Cells, context: StatusReportsContext): Required<Made> {
  const { change, translation, snapshot, proxies, isConverging, certificates, workloadReport, statuses } =
    cells;
  const { platform, clock, log, metrics } = context;
  const writer = createStatusWriter({ port: platform.statuses, log, clock, metrics });
  const sidecars = new SidecarReturn(cells, clock);
  const loop = createStatusLoop({
    clock,
    isMoving: isConverging.get,
    compute: () => {
      if (!sidecars.isDone()) return;
      writer.offer(
        aggregate({
          verdicts: translation.get().verdicts,
          snapshot: snapshot.get(),
          proxies: proxies.get(),
          certificates: certificateReport(certificates.get()),
          workloads: workloadReport.get(),
          previous: writer.latest(),
          now: new Date(clock.now()),
        }),
      );
    },
  });
  statuses.define(() => writer.latest());
  for (const cell of [translation, snapshot, proxies, certificates, workloadReport])
    cell.subscribe(() => loop.changed());
  change.subscribe(() => {
    const seen = change.get();
    if (seen?.type === 'remove') writer.forget(seen.ref);
  });
  return {
    component: {
      name: writer.name,
      start: () => writer.start(),
      stop: async () => {
        sidecars.end();
        loop.close();
        await writer.stop();
      },
      ready: () => writer.ready(),
    },
    leaderCallbacks: {
      onStartedLeading: () => {
        sidecars.begin(() => loop.changed());
        loop.changed();
      },
      onStoppedLeading: async () => {
        sidecars.end();
        await writer.clear();
      },
    },
  };
}

function certificateReport({ rootNotAfter, nextRenewal, problems }: IssuerState): CertificateReport {
  return {
    problems,
    ...(rootNotAfter !== undefined && { rootNotAfter }),
    ...(nextRenewal !== undefined && { nextRenewal }),
  };
}
