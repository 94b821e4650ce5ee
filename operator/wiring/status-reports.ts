// From verdicts and acknowledgements to written statuses. Of several operators one writes.
import type { Readable } from '../process/cell.ts';
import { createStatusLoop } from '../process/status-loop.ts';
import { aggregate, type AggregateInput } from '../status/aggregate.ts';
import { createStatusWriter, type StatusWriter } from '../status/writer.ts';
import { CertificateReports } from './certificate-reports.ts';
import { FoundStatuses } from './found-statuses.ts';
import type { Context, Made, Reads, Writes } from './part.ts';
import { PresentAndMissing } from './present-and-missing.ts';
import { SidecarReturn } from './sidecar-return.ts';
import { specifiedIn } from './specified.ts';

type Surroundings = Pick<
  AggregateInput,
  | 'workloads'
  | 'keys'
  | 'providers'
  | 'audits'
  | 'quotas'
  | 'metrics'
  | 'transitions'
  | 'specifiedOf'
  | 'operatorNamespace'
>;

/** What statuses depend on besides verdicts and acknowledgements. */
function surroundings(
  {
    workloadReport,
    keyReports,
    providerReports,
    auditReports,
    quotaReports,
    strictReports,
    metricsReport,
    translation,
    resources,
  }: Cells,
  { settings }: StatusReportsContext,
): Surroundings {
  return {
    workloads: workloadReport.get(),
    keys: keyReports.get(),
    providers: providerReports.get(),
    audits: auditReports.get(),
    quotas: quotaReports.get(),
    metrics: metricsReport.get(),
    transitions: { places: translation.get().mtlsPlaces, reports: strictReports.get() },
    specifiedOf: specifiedIn(resources.get()),
    operatorNamespace: settings.namespace,
  };
}

type Cells = Reads<
  | 'change'
  | 'resources'
  | 'translation'
  | 'snapshot'
  | 'proxies'
  | 'isConverging'
  | 'connectedWorkloads'
  | 'delivery'
  | 'waitingRequests'
  | 'certificates'
  | 'rootEvidence'
  | 'keyReports'
  | 'auditReports'
  | 'quotaReports'
  | 'strictReports'
  | 'metricsReport'
  | 'providerReports'
  | 'workloadReport'
> &
  Writes<'statuses'>;

export interface StatusReportsContext extends Pick<Context, 'clock' | 'log'> {
  readonly settings: Pick<Context['settings'], 'namespace'>;
  readonly platform: Pick<Context['platform'], 'statuses'>;
  readonly metrics: Pick<Context['metrics'], 'statusWritten'>;
}

export function createStatusReports(cells: Cells, context: StatusReportsContext): Required<Made> {
  const { change, translation, statuses, ...others } = cells;
  const { platform, clock } = context;
  const writer = createStatusWriter({ ...context, port: platform.statuses });
  const sidecars = new SidecarReturn(cells, clock);
  const found = new FoundStatuses(writer);
  const present = new PresentAndMissing(cells, clock);
  const certified = new CertificateReports(cells, clock);
  const endWaits = (): void => [sidecars, present, certified].forEach((it) => it.end());
  const loop = createStatusLoop({
    clock,
    isMoving: cells.isConverging.get,
    compute: () => {
      const { verdicts } = translation.get();
      if (!sidecars.isLeading()) return;
      // Both are asked: they take their time together.
      const areRead = found.areRead(verdicts, () => loop.changed());
      if (!sidecars.isDone() || !areRead) return;
      const now = new Date(clock.now());
      const updates = aggregate({
        ...present.read(now, () => loop.changed()),
        verdicts,
        certificates: certified.read(() => loop.changed()),
        ...surroundings(cells, context),
        previous: writer.latest(),
        proven: found.proven.all(),
        now,
      });
      found.proven.update(updates);
      writer.offer(updates);
    },
  });
  statuses.define(() => writer.latest());
  for (const cell of [translation, ...reportedIn(others)]) cell.subscribe(() => loop.changed());
  change.subscribe(() => forgetRemoved(change.get(), writer));
  return {
    component: {
      name: writer.name,
      start: () => writer.start(),
      stop: async () => {
        endWaits();
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
        endWaits();
        found.end();
        await writer.clear();
      },
    },
  };
}

/** What statuses tell of besides verdicts. */
function reportedIn(cells: Omit<Cells, 'change' | 'translation' | 'statuses'>): readonly Readable<unknown>[] {
  const { snapshot, proxies, delivery, waitingRequests, certificates } = cells;
  const { keyReports, auditReports, quotaReports, strictReports, metricsReport } = cells;
  const { providerReports, workloadReport } = cells;
  const ofCertificates = [delivery, waitingRequests, certificates];
  return [
    snapshot,
    proxies,
    ...ofCertificates,
    keyReports,
    auditReports,
    quotaReports,
    strictReports,
    metricsReport,
    providerReports,
    workloadReport,
  ];
}

function forgetRemoved(change: ReturnType<Cells['change']['get']>, writer: StatusWriter): void {
  if (change?.type === 'remove') writer.forget(change.ref);
}
