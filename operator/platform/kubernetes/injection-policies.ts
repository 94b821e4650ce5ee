// The MutatingAdmissionPolicy by which the API server adds sidecars. Entry: createInjectionPolicies.
import { z } from 'zod';
import type { InjectionPolicyPort, PolicySupport, StoredPolicy } from '../../ports/injection-policy-port.ts';
import {
  admissionCheckKey,
  admissionCheckName,
  fieldManager,
  injectedKey,
  injectionPolicyName,
} from '../../values/own-names.ts';
import type { ApiCaller } from './http/api-client.ts';
import { ApiError, isApiError, isTransient } from './http/api-error.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
const pathOf = (plural: string): string => `${group}/${plural}/${injectionPolicyName}`;
const policy = pathOf('mutatingadmissionpolicies');

const Served = z.object({ resources: z.array(z.object({ name: z.string() })) });
const annotations = z.record(z.string(), z.string()).nullish();
const Expression = z.object({
  key: z.string(),
  operator: z.string(),
  values: z.array(z.string()).exactOptional(),
});
const Selector = z.object({
  matchLabels: z.record(z.string(), z.string()).exactOptional(),
  matchExpressions: z.array(Expression).exactOptional(),
});
const Stored = z.object({
  metadata: z.object({ uid: z.string(), generation: z.number().default(0), annotations }),
  spec: z.object({ matchConstraints: z.object({ namespaceSelector: Selector.default({}) }) }),
});
const Checked = z.object({ metadata: z.object({ annotations }) });

/** namespace: the operator's own. */
export function createInjectionPolicies(api: ApiCaller, namespace: string): InjectionPolicyPort {
  const write = async (body: object, more: Readonly<Record<string, string>>): Promise<StoredPolicy> =>
    stored(
      await api.call({
        method: 'PATCH',
        path: policy,
        query: { fieldManager, force: 'true', fieldValidation: 'Strict', ...more },
        contentType: 'application/apply-patch+yaml',
        body,
      }),
    );
  return {
    support: () => supportOf(api, namespace),
    read: async () => {
      const found = await ifThere(() => api.call({ method: 'GET', path: policy }));
      return found === undefined ? undefined : stored(found);
    },
    apply: async (body) => {
      try {
        await write(body, { dryRun: 'All' });
        return { type: 'applied', stored: await write(body, {}) };
      } catch (error) {
        if (!(error instanceof ApiError) || isTransient(error)) throw error;
        return { type: 'refused', message: error.message };
      }
    },
    remove: async () => (await ifThere(() => api.call({ method: 'DELETE', path: policy }))) !== undefined,
  };
}

function stored(answer: unknown): StoredPolicy {
  const { metadata, spec } = Stored.parse(answer);
  const { uid, generation, annotations: all } = metadata;
  const { namespaceSelector } = spec.matchConstraints;
  return { uid, generation, injected: all?.[injectedKey] ?? '', namespaceSelector };
}

async function supportOf(api: ApiCaller, namespace: string): Promise<PolicySupport> {
  const binding = await bindingOf(api);
  if (binding === 'There') return (await isRun(api, namespace)) ? 'Bound' : 'NotRun';
  // The permission to look comes with the binding, and so does the policy that shows whether policies run. Where that one runs, somebody took the permission alone.
  if (binding instanceof ApiError && (await isRun(api, namespace))) throw binding;
  const { resources } = Served.parse(await api.call({ method: 'GET', path: group }));
  return resources.some(({ name }) => name === 'mutatingadmissionpolicies') ? 'NotBound' : 'NotServed';
}

/** An error: it may not be looked at. */
async function bindingOf(api: ApiCaller): Promise<'There' | 'Absent' | ApiError> {
  try {
    await api.call({ method: 'GET', path: pathOf('mutatingadmissionpolicybindings') });
    return 'There';
  } catch (error) {
    if (isApiError(error, 404)) return 'Absent';
    if (error instanceof ApiError && error.code === 403) return error;
    throw error;
  }
}

/** Objects of these kinds are served by an API server that does not run them, too. A Lease that is never stored shows what becomes of it. */
async function isRun(api: ApiCaller, namespace: string): Promise<boolean> {
  const answer = await api.call({
    method: 'POST',
    path: `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`,
    query: { dryRun: 'All' },
    body: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name: admissionCheckName },
    },
  });
  return Checked.parse(answer).metadata.annotations?.[admissionCheckKey] !== undefined;
}

async function ifThere(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await call()) ?? {};
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
