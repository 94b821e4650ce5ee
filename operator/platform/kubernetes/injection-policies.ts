// The MutatingAdmissionPolicy by which the API server adds sidecars. Entry: createInjectionPolicies.
import { z } from 'zod';
import type { InjectionPolicyPort, PolicySupport } from '../../ports/injection-policy-port.ts';
import { fieldManager, injectionPolicyName } from '../../values/own-names.ts';
import type { ApiCaller } from './http/api-client.ts';
import { ApiError, isApiError, isTransient } from './http/api-error.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
const pathOf = (plural: string): string => `${group}/${plural}/${injectionPolicyName}`;
const policy = pathOf('mutatingadmissionpolicies');

const Served = z.object({ resources: z.array(z.object({ name: z.string() })) });

export function createInjectionPolicies(api: ApiCaller): InjectionPolicyPort {
  const write = async (body: object, more: Readonly<Record<string, string>>): Promise<void> => {
    await api.call({
      method: 'PATCH',
      path: policy,
      query: { fieldManager, force: 'true', fieldValidation: 'Strict', ...more },
      contentType: 'application/apply-patch+yaml',
      body,
    });
  };
  return {
    support: () => supportOf(api),
    apply: async (body) => {
      try {
        await write(body, { dryRun: 'All' });
        await write(body, {});
        return { type: 'applied' };
      } catch (error) {
        if (!(error instanceof ApiError) || isTransient(error)) throw error;
        return { type: 'refused', message: error.message };
      }
    },
    remove: async () => {
      try {
        await api.call({ method: 'DELETE', path: policy });
      } catch (error) {
        if (!isApiError(error, 404)) throw error;
      }
    },
  };
}

async function supportOf(api: ApiCaller): Promise<PolicySupport> {
  const { resources } = Served.parse(await api.call({ method: 'GET', path: group }));
  if (!resources.some(({ name }) => name === 'mutatingadmissionpolicies')) return 'NotServed';
  try {
    await api.call({ method: 'GET', path: pathOf('mutatingadmissionpolicybindings') });
    return 'Bound';
  } catch (error) {
    // The permission comes with the binding.
    if (isApiError(error, 404) || isApiError(error, 403)) return 'NotBound';
    throw error;
  }
}
