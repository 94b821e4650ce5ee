// How long nothing else has its turn when there are too many series of traffic: `node test/bench/fold.ts`.
import { TrafficRegistry } from '../../operator/traffic-metrics/registry.ts';

const most = 50_000;
const registry = new TrafficRegistry(most);
let worst = 0;
for (let at = 0; at <= most; at += 1) {
  const [caller, called] = [`w${at % 997}`, `d${at % 211}`];
  const labels = {
    reporter: 'destination',
    source_namespace: `n${at % 50}`,
    source_workload: caller,
    source_service_account: caller,
    destination_namespace: `n${at % 10}`,
    destination_workload: called,
    destination_service_account: called,
    destination_service: called,
    destination_service_namespace: `n${at % 10}`,
    response_class: '2xx',
    mtls: 'true',
    port: String(at % 20),
    route: `/${at}`,
  };
  const before = process.cpuUsage();
  registry.add({ family: 'requests', labels }, { count: 1, buckets: null }, 0);
  const { user, system } = process.cpuUsage(before);
  worst = Math.max(worst, user + system);
}
const folded = [...registry.size.folded].join(', ');
process.stdout.write(
  `${Math.round(worst / 1_000)} ms of CPU time for the report that folds ${folded} of ${most} series\n`,
);
