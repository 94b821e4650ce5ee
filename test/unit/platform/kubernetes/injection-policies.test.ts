// Whether an API server adds sidecars to pods, told by what it answers.
import { expect, test } from '@jest/globals';
import type { ApiCaller } from '../../../../operator/platform/kubernetes/http/api-client.ts';
import { ApiError } from '../../../../operator/platform/kubernetes/http/api-error.ts';
import { createInjectionPolicies } from '../../../../operator/platform/kubernetes/injection-policies.ts';

type Answer = object | number;

/** A number: a refusal. */
function supportBy(answers: { binding: Answer; lease: Answer; served?: boolean }): Promise<string> {
  const { binding, lease, served = true } = answers;
  const call: ApiCaller['call'] = ({ path }) => {
    const kinds = { resources: served ? [{ name: 'mutatingadmissionpolicies' }] : [] };
    const answer = path.includes('bindings/') ? binding : path.endsWith('/leases') ? lease : kinds;
    return typeof answer === 'number'
      ? Promise.reject(new ApiError(`answered ${answer}`, { code: answer }))
      : Promise.resolve(answer);
  };
  return createInjectionPolicies({ call }, 'meshwright-system').support();
}

const run = { metadata: { annotations: { 'meshwright.dev/admission': 'run' } } };
const notRun = { metadata: {} };

test.each([
  ['bound and run', { binding: {}, lease: run }, 'Bound'],
  ['bound and not run', { binding: {}, lease: notRun }, 'NotRun'],
  ['without a binding', { binding: 404, lease: run }, 'NotBound'],
  ['without the file, and so without the permission to look', { binding: 403, lease: notRun }, 'NotBound'],
  ['without such policies', { binding: 403, lease: notRun, served: false }, 'NotServed'],
] as const)('an API server %s', async (_, answers, support) => {
  expect(await supportBy(answers)).toBe(support);
});

test.each([
  ['which runs policies, and refuses to show the binding', { binding: 403, lease: run }, 'answered 403'],
  [
    'which refuses everything, as one does that has just started',
    { binding: 403, lease: 403 },
    'answered 403',
  ],
  ['which is busy', { binding: 429, lease: run }, 'answered 429'],
  ['which does not say whether it runs policies', { binding: {}, lease: 500 }, 'answered 500'],
] as const)('of an API server %s nobody knows', async (_, answers, message) => {
  await expect(supportBy(answers)).rejects.toThrow(message);
});
