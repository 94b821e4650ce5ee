// Puts custom resource definitions into the cluster. Entry: installCrd.
import { z } from 'zod';
import type { Log } from '../../process/log.ts';
import type { ApiCaller } from './http/api-client.ts';
import { isApiError, isTransient } from './http/api-error.ts';
import { createBackoff } from './http/backoff.ts';
import { pause } from '../../process/clock.ts';
import type { JitteredClock } from './http/jittered-clock.ts';
import { fieldManager } from '../../values/own-names.ts';
import { isSameValue } from '../../values/same-value.ts';

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
const Installed = z.object({
  spec: z.record(z.string(), z.unknown()).optional(),
  status: z.object({ conditions: Conditions.nullish() }).optional(),
});

const Discovered = z.object({ resources: z.array(z.object({ name: z.string() })) });

const collection = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const establishedWithinMs = 30_000;
const pollMs = 100;

export interface CrdOptions {
  readonly api: ApiCaller;
  readonly clock: JitteredClock;
  readonly log: Log;
  /** Ends the attempts; installCrd then resolves. */
  readonly signal: AbortSignal;
}

/** It will not work by trying again. The message is for the user. */
class DefinitionProblem extends Error {
  override readonly name = 'DefinitionProblem';
}

/**
 * Creates or updates it by server-side apply; resolves when the API server serves it. Tries again for as long as the
 * API server cannot be reached. Who may not write definitions uses the one that is there.
 */
export async function installCrd(definition: CrdDefinition, options: CrdOptions): Promise<void> {
  const { clock, log, signal } = options;
  const backoff = createBackoff({ initialMs: 1000, maxMs: 30_000, random: () => clock.random() });
  while (!signal.aborted) {
    // One attempt after the other.
    // oxlint-disable no-await-in-loop
    try {
      return await install(definition, options);
    } catch (err) {
      if (signal.aborted) return;
      if (err instanceof DefinitionProblem || !isTransient(err)) throw err;
      const waitMs = backoff.nextMs();
      log.warn(
        { definition: definition.metadata.name, err, waitMs },
        'custom resource definition not installed, retrying',
      );
      await pause(waitMs, clock, signal);
    }
    // oxlint-enable no-await-in-loop
  }
}

async function install(definition: CrdDefinition, { api, log, clock, signal }: CrdOptions): Promise<void> {
  const { name } = definition.metadata;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const query = { fieldManager, force: 'true' };
  const contentType = 'application/apply-patch+yaml';
  if (await isInForce(api, definition, path)) return;
  try {
    await api.call({ method: 'PATCH', path, query, contentType, body: definition }, signal);
  } catch (cause) {
    if (isTransient(cause)) throw cause;
    if (isApiError(cause, 403) && (await isServed(api, definition))) {
      log.info(
        { definition: name },
        'no permission to update the custom resource definition, using the installed version',
      );
      return;
    }
    const hint =
      'If you have no permission to create custom resource definitions, ask an administrator to apply config/crd.';
    const message = `Cannot install custom resource definition ${name}. ${hint}`;
    throw new DefinitionProblem(message, { cause });
  }
  const deadline = clock.now() + establishedWithinMs;
  await untilEstablished(api, { name, path, deadline, clock });
}

/** Then there is nothing to apply. The API server validates all of what is applied, even if nothing changes: decision 025. */
async function isInForce(api: ApiCaller, definition: CrdDefinition, path: string): Promise<boolean> {
  try {
    const { spec = {}, status } = Installed.parse(await api.call({ method: 'GET', path }));
    // What else is in `spec` is a default, or somebody else's: applying would leave it.
    const isSame = Object.entries(definition.spec).every(([field, value]) => isSameValue(value, spec[field]));
    return isSame && conditionOf(status, 'Established', 'True') !== undefined;
  } catch (error) {
    if (isTransient(error)) throw error;
    return false;
  }
}

/** By discovery, which everyone may ask. */
async function isServed(api: ApiCaller, { spec }: CrdDefinition): Promise<boolean> {
  const version = spec.versions.find(({ served }) => served)?.name ?? '';
  try {
    const answer = Discovered.parse(
      await api.call({ method: 'GET', path: `/apis/${spec.group}/${version}` }),
    );
    return answer.resources.some(({ name }) => name === spec.names.plural);
  } catch (error) {
    if (isApiError(error, 404)) return false;
    throw error;
  }
}

async function untilEstablished(
  api: ApiCaller,
  wait: {
    readonly name: string;
    readonly path: string;
    readonly deadline: number;
    readonly clock: JitteredClock;
  },
): Promise<void> {
  const { status } = Installed.parse(await api.call({ method: 'GET', path: wait.path }));
  const refused = conditionOf(status, 'NamesAccepted', 'False');
  if (refused !== undefined)
    throw new DefinitionProblem(
      `The names of ${wait.name} are taken: ${refused.message ?? 'no reason given'}.`,
    );
  if (conditionOf(status, 'Established', 'True') !== undefined) return;
  if (wait.clock.now() > wait.deadline)
    throw new DefinitionProblem(
      `The API server does not serve ${wait.name} after ${establishedWithinMs} ms.`,
    );
  await pause(pollMs, wait.clock);
  await untilEstablished(api, wait);
}

type Installation = z.infer<typeof Installed>['status'];

function conditionOf(
  status: Installation,
  type: string,
  value: 'True' | 'False',
): z.infer<typeof Conditions>[number] | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === value);
}
