// Puts custom resource definitions into the cluster. Entry: installCrd.
import { z } from 'zod';
import type { ApiCaller } from './http/api-client.ts';
import { pause, type Timers } from './http/timers.ts';

/** An apiextensions.k8s.io/v1 CustomResourceDefinition, as far as it is read here. */
export interface CrdDefinition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: { name: string; served: boolean; storage: boolean }[];
  };
}

const Conditions = z.array(
  z.object({ type: z.string(), status: z.string(), message: z.string().optional() }),
);
const Installed = z.object({ status: z.object({ conditions: Conditions.nullish() }).optional() });

const collection = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const establishedWithinMs = 30_000;
const pollMs = 100;

export interface CrdOptions {
  readonly api: ApiCaller;
  readonly timers: Timers;
}

/** Creates or updates it by server-side apply; resolves when the API server serves it. */
export async function installCrd(definition: CrdDefinition, { api, timers }: CrdOptions): Promise<void> {
  const { name } = definition.metadata;
  const path = `${collection}/${encodeURIComponent(name)}`;
  try {
    await api.call({
      method: 'PATCH',
      path,
      query: { fieldManager: 'meshwright', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: definition,
    });
  } catch (cause) {
    const hint =
      'If you may not create custom resource definitions, ask an administrator to apply config/crd.';
    throw new Error(`The custom resource definition ${name} could not be installed. ${hint}`, { cause });
  }
  const deadline = timers.now() + establishedWithinMs;
  await untilEstablished(api, { name, path, deadline, timers });
}

async function untilEstablished(
  api: ApiCaller,
  wait: { readonly name: string; readonly path: string; readonly deadline: number; readonly timers: Timers },
): Promise<void> {
  const crd = Installed.parse(await api.call({ method: 'GET', path: wait.path }));
  const conditions = crd.status?.conditions ?? [];
  const refused = conditions.find(
    (condition) => condition.type === 'NamesAccepted' && condition.status === 'False',
  );
  if (refused !== undefined)
    throw new Error(`The names of ${wait.name} are taken: ${refused.message ?? 'no reason given'}.`);
  if (conditions.some((condition) => condition.type === 'Established' && condition.status === 'True')) return;
  if (wait.timers.now() > wait.deadline)
    throw new Error(`The API server does not serve ${wait.name} after ${establishedWithinMs} ms.`);
  await pause(pollMs, wait.timers);
  await untilEstablished(api, wait);
}
