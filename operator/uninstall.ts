// `meshwright uninstall`: takes the sidecars out of all workloads of the cluster. Run it before the operator and its
// definitions are deleted, or after: it needs neither.
import { parseArgs } from 'node:util';
import { ApiClient } from './platform/kubernetes/http/api-client.ts';
import { loadKubeConfig } from './platform/kubernetes/http/kube-config.ts';
import { retrying } from './platform/kubernetes/http/retry.ts';
import { systemJitteredClock } from './platform/kubernetes/http/jittered-clock.ts';
import { createInjectionPolicies } from './platform/kubernetes/injection-policies.ts';
import { createPodList } from './platform/kubernetes/pods.ts';
import { createWorkloads } from './platform/kubernetes/workloads.ts';
import { operatorNamespace } from './values/own-names.ts';
import { uninstall } from './reconcile/uninstall.ts';

const help = `Usage: meshwright uninstall [--kubeconfig <path>]

Removes the sidecar from every Deployment, StatefulSet, DaemonSet and CronJob. Their pods are replaced. The API server adds no sidecars to
pods anymore. Pods of Jobs and of other controllers keep theirs until they are replaced, and so do those of workloads that are paused, or that
do not replace their pods by themselves. All of these are listed as kept.
`;

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { kubeconfig: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  const path = values.kubeconfig === undefined ? {} : { path: values.kubeconfig };
  const api = new ApiClient({ kubeConfig: loadKubeConfig(path), clock: systemJitteredClock });
  try {
    const patient = retrying(api, { clock: systemJitteredClock });
    const { removed, failed, kept } = await uninstall({
      policies: createInjectionPolicies(patient, operatorNamespace),
      pods: createPodList(patient),
      workloads: createWorkloads(patient),
      clock: systemJitteredClock,
    });
    for (const { kind, namespace, name } of removed)
      process.stdout.write(`${kind} ${namespace}/${name}: removed\n`);
    for (const { ref, message } of failed)
      process.stderr.write(`${ref.kind} ${ref.namespace}/${ref.name}: ${message}\n`);
    for (const { what, todo } of kept) process.stdout.write(`${what}: kept. ${todo}\n`);
    process.stdout.write(`${removed.length} removed, ${kept.length} kept, ${failed.length} failed\n`);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    api.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
