import { expect, test } from '@jest/globals';
import { createLog } from '../../../../operator/process/log.ts';
import { type CrdDefinition, installCrd } from '../../../../operator/platform/kubernetes/crds.ts';
import type { ApiRequest } from '../../../../operator/platform/kubernetes/http/api-client.ts';
import { ApiError } from '../../../../operator/platform/kubernetes/http/api-error.ts';
import type { JitteredClock } from '../../../../operator/platform/kubernetes/http/jittered-clock.ts';

const definition: CrdDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'meshes.meshwright.dev' },
  spec: {
    group: 'meshwright.dev',
    names: { plural: 'meshes' },
    versions: [{ name: 'v1alpha1', served: true, storage: true }],
  },
};
const established = { status: { conditions: [{ type: 'Established', status: 'True', message: '' }] } };
const absent = new ApiError('not found', { code: 404 });
const forbidden = new ApiError('no', { code: 403 });

interface Scene {
  readonly sent: string[];
  readonly waits: number[];
  readonly stopping: AbortController;
  readonly installed: Promise<void>;
}

/** Answers with the outcomes in turn; time passes at once. `onWait` is told of each wait before it passes. */
function install(
  outcomes: readonly unknown[],
  onWait = (_stopping: AbortController): void => undefined,
): Scene {
  const left = [...outcomes];
  const [sent, waits, stopping]: [string[], number[], AbortController] = [[], [], new AbortController()];
  const clock: JitteredClock = {
    now: () => 0,
    monotonicMs: () => 0,
    random: () => 0,
    after: (ms, run) => {
      waits.push(ms);
      onWait(stopping);
      queueMicrotask(run);
      return () => undefined;
    },
  };
  const call = ({ method, path }: ApiRequest): Promise<unknown> => {
    sent.push(`${method} ${path}`);
    const outcome = left.shift();
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  const options = { api: { call }, clock, log: createLog('silent'), signal: stopping.signal };
  return { sent, waits, stopping, installed: installCrd(definition, options) };
}

const written = 'PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/meshes.meshwright.dev';
const looked = 'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/meshes.meshwright.dev';
const discovered = 'GET /apis/meshwright.dev/v1alpha1';

test('is done when the API server serves it', async () => {
  const { installed, sent, waits } = install([absent, {}, { status: {} }, established]);

  await installed;
  expect(sent).toEqual([looked, written, looked, looked]);
  expect(waits).toEqual([100]);
});

test('tries again, ever more seldom, while there is no API server', async () => {
  const refused = new Error('ECONNREFUSED');
  const { installed, sent, waits } = install([refused, refused, absent, refused, absent, {}, established]);

  await installed;
  expect(sent).toEqual([looked, looked, looked, written, looked, written, looked]);
  expect(waits).toEqual([500, 1000, 2000]);
});

const served = { spec: { ...definition.spec, conversion: { strategy: 'None' } }, ...established };

test('writes nothing if the same definition is served; defaults of the API server do not count', async () => {
  const { installed, sent } = install([served]);

  await installed;
  expect(sent).toEqual([looked]);
});

test.each([
  [
    'has another schema',
    { ...served, spec: { ...served.spec, versions: [{ name: 'v1alpha1', served: true }] } },
  ],
  ['is not served yet', { ...served, status: {} }],
])('writes the definition if the one that is there %s', async (_what, there) => {
  const { installed, sent } = install([there, {}, established]);

  await installed;
  expect(sent).toEqual([looked, written, looked]);
});

test('ends its attempts when the operator stops', async () => {
  const { installed, sent } = install([absent, new Error('ECONNREFUSED'), {}], (stopping) =>
    stopping.abort(),
  );

  await installed;
  expect(sent).toEqual([looked, written]);
});

test('uses the definition that is there if it may not write it', async () => {
  const { installed, sent } = install([absent, forbidden, { resources: [{ name: 'meshes' }] }]);

  await installed;
  expect(sent).toEqual([looked, written, discovered]);
});

test.each([
  ['another kind of the group only', { resources: [{ name: 'trafficpolicies' }] }],
  ['nothing of the group', new ApiError('not found', { code: 404 })],
])('says whom to ask if it may not write it and %s is there', async (_what, answer) => {
  await expect(install([absent, forbidden, answer]).installed).rejects.toThrow(
    'Cannot install custom resource definition meshes.meshwright.dev. ' +
      'If you have no permission to create custom resource definitions, ask an administrator to apply config/crd.',
  );
});

test('does not wait for names that another definition has taken', async () => {
  const taken = {
    status: { conditions: [{ type: 'NamesAccepted', status: 'False', message: 'short name tp is in use' }] },
  };

  await expect(install([absent, {}, taken]).installed).rejects.toThrow(
    'The names of meshes.meshwright.dev are taken: short name tp is in use.',
  );
});
