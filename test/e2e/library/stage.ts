// The ground that all topics play on: a Mesh, a namespace in it with a client and a server, and a client outside.
// Entry: setStage.
import { z } from 'zod';
import {
  namespaceWithPrograms,
  mesh,
  meshed,
  service,
  serverPorts,
  serverReadiness,
  workload,
} from './workloads.ts';
import type { Pod, World } from './world.ts';

export const inside = 'inside';
export const outside = 'outside';
export const stageNamespaces = [inside, outside];
export const clientInside = { namespace: inside, app: 'client' } as const;
export const clientOutside = { namespace: outside, app: 'client' } as const;
export const serverUrl = `http://server.${inside}:8080/`;
export const serverIdentity = `spiffe://cluster.local/ns/${inside}/sa/server`;
export const clientIdentity = `spiffe://cluster.local/ns/${inside}/sa/client`;

export async function setStage(world: World): Promise<void> {
  await world.apply(mesh(), ...namespaceWithPrograms(outside), ...namespaceWithPrograms(inside, meshed));
  await world.apply(...stageWorkloads());
  await untilMeshed(world, inside, 'client', 'server');
}

export function stageWorkloads(): object[] {
  const client = (namespace: string): object[] => workload({ namespace, name: 'client', run: ['idle'] });
  return [
    ...client(outside),
    ...client(inside),
    ...workload({
      namespace: inside,
      name: 'server',
      run: ['server'],
      ports: { http: 8080, http2: 8081, tcp: 9000 },
      container: serverReadiness,
    }),
    service(inside, 'server', serverPorts),
  ];
}

/** Every pod of these Deployments has a sidecar, and no other pod of theirs is left. */
export async function untilMeshed(
  world: World,
  namespace: string,
  ...deployments: readonly string[]
): Promise<void> {
  for (const name of deployments) {
    // oxlint-disable no-await-in-loop -- one after the other is as fast: all of them roll meanwhile
    await world.until(async () => ((await hasSidecar(world, namespace, name)) ? true : undefined));
    await world.rolledOut(namespace, `deployment/${name}`);
    // oxlint-enable no-await-in-loop
  }
}

/** Whoever has added it. */
async function hasSidecar(world: World, namespace: string, name: string): Promise<boolean> {
  const pods = await world.pods(namespace, await selectorOf(world, namespace, name));
  return pods.length > 0 && pods.every(isMeshed);
}

const Labels = z.record(z.string(), z.string());

/** A Deployment need not be named like the label `app` of its pods: productpage-v1 is not. */
async function selectorOf(world: World, namespace: string, name: string): Promise<string> {
  const labels = await world.mustKubectl([
    'get',
    `deployment/${name}`,
    `--namespace=${namespace}`,
    '--output=jsonpath={.spec.selector.matchLabels}',
  ]);
  return Object.entries(Labels.parse(JSON.parse(labels)))
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

export function isMeshed({ spec }: Pod): boolean {
  const [first, second] = spec.initContainers;
  return first?.name === 'mw-init' && second?.name === 'mw-proxy';
}

/** Waits until every connected sidecar has the Mesh as it is now. */
export async function untilProgrammed(world: World, ...object: readonly string[]): Promise<void> {
  await world.mustKubectl(['wait', '--for=condition=Programmed', '--timeout=120s', ...object]);
}

/** The mode of the whole mesh; resolves when every sidecar has acknowledged it. */
export async function setMtls(world: World, mode: 'Permissive' | 'Strict'): Promise<void> {
  const patch = JSON.stringify({ spec: { mtls: { mode, transition: { type: 'Immediate' } } } });
  await world.mustKubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
  await untilProgrammed(world, 'mesh/default');
}
