// The admin server: it shows what is in the cells.
import { createAdminServer } from '../admin/server.ts';
import { askPrometheus } from '../dashboard/history/ask-prometheus.ts';
import { createDashboard } from '../dashboard/section.ts';
import type { Source } from '../dashboard/views/source.ts';
import { hostsPage } from '../telemetry/hosts-page.ts';
import { trafficPage } from '../telemetry/traffic-page.ts';
import { describeSnapshot } from '../xds/snapshot/describe.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<
  | 'resources'
  | 'translation'
  | 'snapshot'
  | 'proxies'
  | 'statuses'
  | 'observations'
  | 'certificates'
  | 'recentChanges'
  | 'trafficMetrics'
> &
  Writes<'adminPort'>;

export interface InspectionContext extends Pick<Context, 'clock' | 'log' | 'components'> {
  readonly platform: Pick<Context['platform'], 'access'>;
  readonly settings: Pick<Context['settings'], 'adminAddress'>;
  readonly metrics: Pick<Context['metrics'], 'contentType' | 'render'>;
}

export function createInspection(
  cells: Cells,
  context: InspectionContext,
): Required<Pick<Made, 'component'>> {
  const { resources, translation, snapshot, proxies, statuses, observations } = cells;
  const { trafficMetrics, adminPort } = cells;
  const { platform, settings, clock, log, metrics, components } = context;
  const admin = createAdminServer({
    address: settings.adminAddress,
    log,
    metrics,
    trafficMetrics: trafficMetrics.get,
    components,
    debug: {
      resources: resources.get,
      ir: () => translation.get().ir,
      snapshot: () => describeSnapshot(snapshot.get()),
      proxies: proxies.get,
      traffic: () => trafficPage(observations.get(), clock.now()),
      hosts: () => hostsPage(observations.get(), translation.get().ir?.settings.allowedHosts ?? []),
      status: () => Object.fromEntries(statuses.get()),
    },
    sections: new Map([
      [
        'dashboard',
        createDashboard({
          source: () => dashboardSource(cells, clock.now()),
          access: platform.access ?? null,
          clock,
          askPrometheus,
        }),
      ],
    ]),
  });
  adminPort.define(() => admin.port());
  return { component: admin };
}

const noOwners: ReadonlyMap<string, string> = new Map();

function dashboardSource(cells: Cells, nowMs: number): Source {
  const { resources, translation, snapshot, proxies, statuses, observations, certificates, recentChanges } =
    cells;
  const settled = resources.get();
  const { ir, verdicts, owners = noOwners } = translation.get();
  return {
    ir,
    verdicts,
    pods: settled?.pods ?? [],
    owners,
    objects: settled ?? { meshes: [], trafficPolicies: [], securityPolicies: [] },
    observations: observations.get(),
    proxies: proxies.get(),
    snapshot: snapshot.get(),
    statuses: statuses.get(),
    certificates: certificates.get(),
    changes: recentChanges.get(),
    nowMs,
  };
}
