// Pods without a sidecar that workloads of the mesh call, or may call. Pure.
import type { MeshIr } from '../../ir/mesh-ir.ts';
import type { ServicePortIr } from '../../ir/service.ts';
import { append } from '../../values/labels.ts';
import { type Finding, labelText, listed } from './finding.ts';
import type { OperatorView } from './operator-view.ts';
import type { ServedPort } from './served-ports.ts';

/** Of Services that have other pods with one, are in a namespace of the mesh, are named by policies, or were called. */
export function unmeshed(
  ir: MeshIr,
  served: readonly ServedPort[],
  operator: OperatorView | null,
): readonly Finding[] {
  const { services, workloads, settings } = ir;
  const meshed = new Set(workloads.map(({ key }) => key));
  const namespaces = new Set([
    ...workloads.map(({ namespace }) => namespace),
    ...served.map(({ service }) => service.namespace),
  ]);
  const named = namedIn(ir);
  const isConcerned = ({ namespace, key }: ServicePortIr): boolean =>
    namespaces.has(namespace) || named.has(key) || operator?.called.has(key) === true;
  const byService = new Map<string, string[]>();
  for (const one of services.filter(isConcerned))
    for (const { workload, address } of one.endpoints)
      if (!meshed.has(workload))
        append(
          byService,
          `${one.namespace}/${one.service}`,
          workload === '' ? address : workload.split('/').slice(1).join('/'),
        );
  return [...byService].map(([service, names]) => ({
    type: 'NoSidecar',
    message:
      `Service ${service} has endpoints without a sidecar: ${listed([...new Set(names)].toSorted())}. Calls to them are plaintext, and no policy protects them. ` +
      `Restart the pods in a namespace with the label ${labelText(settings)}.`,
  }));
}

/** Keys of Services that routes lead to, and that authorizers are. */
function namedIn({ services, workloads }: MeshIr): ReadonlySet<string> {
  const routes = services.flatMap(({ routes: { default: all, byAudience } }) => [
    ...all,
    ...byAudience.flatMap((one) => one.routes),
  ]);
  const backends = routes.flatMap(({ action, setBy }) =>
    action.type === 'Forward' && 'routes' in setBy
      ? [...action.backends, ...action.mirrors].flatMap((one) => ('service' in one ? [one.service] : []))
      : [],
  );
  const authorizers = workloads.flatMap(({ inbound }) =>
    inbound.flatMap((port) => port.authorizers.map(({ service }) => service)),
  );
  return new Set([...backends, ...authorizers]);
}
