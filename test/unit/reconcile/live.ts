// Workloads as an API server would have them, for tests: with our part or without.
import type { SidecarPart } from '../../../operator/infra/sidecar.ts';
import type {
  FieldManager,
  LiveTemplate,
  LiveWorkload,
  RolloutFacts,
} from '../../../operator/ports/workload-port.ts';

export const completeRollout: RolloutFacts = {
  isPaused: false,
  isAutomatic: true,
  observedGeneration: 1,
  wanted: 2,
  updated: 2,
  outdated: 0,
  available: 2,
  failure: undefined,
};

export function liveDeployment(parts: Partial<LiveWorkload> = {}): LiveWorkload {
  return {
    ref: { kind: 'Deployment', namespace: 'shop', name: 'web' },
    uid: 'u-1',
    resourceVersion: '1',
    generation: 1,
    isDeleting: false,
    labels: {},
    managers: [manager('user', ['u1'])],
    template: liveTemplate(['u1']),
    rollout: completeRollout,
    ...parts,
  };
}

export function liveTemplate(
  initContainers: readonly string[],
  parts: Partial<LiveTemplate> = {},
): LiveTemplate {
  return {
    labels: { app: 'web' },
    annotations: {},
    ...parts,
    spec: {
      initContainers: initContainers.map((name) => ({ name, image: `${name}:1` })),
      containers: [{ name: 'app', image: 'app:1' }],
      volumes: initContainers.includes('mw-proxy') ? [{ name: 'mw-certs' }] : [],
      ...parts.spec,
    },
  };
}

/** owns: init containers by name. */
export function manager(
  name: string,
  owns: readonly string[],
  parts: Partial<FieldManager> = {},
): FieldManager {
  const keys = owns.map((container): [string, object] => [
    `k:${JSON.stringify({ name: container })}`,
    { '.': {} },
  ]);
  return {
    name,
    operation: 'Apply',
    subresource: '',
    timeMs: 1000,
    templateFields: { 'f:spec': { 'f:initContainers': Object.fromEntries(keys) } },
    ...parts,
  };
}

/** As we leave it. */
export function injectedDeployment(part: SidecarPart, parts: Partial<LiveWorkload> = {}): LiveWorkload {
  return liveDeployment({
    labels: { 'meshwright.dev/injected': 'true' },
    managers: [manager('user', ['u1']), manager('meshwright', ['mw-init', 'mw-proxy'], { timeMs: 2000 })],
    template: liveTemplate(['mw-init', 'mw-proxy', 'u1'], { annotations: part.annotations }),
    ...parts,
  });
}
