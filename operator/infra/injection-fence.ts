// What an administrator installs once beside the policy that adds sidecars: the binding without which that policy does nothing, and which bounds what it
// may change, whatever the operator writes into it; and the sentences for pods whose annotations cannot be read. Pure.
import { injectedKey, injectionPolicyName } from '../values/own-names.ts';
import { exclusionKeys } from './exclusion-keys.ts';

type Json = Readonly<Record<string, unknown>>;

const apiVersion = 'admissionregistration.k8s.io/v1';
const createdPods = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['pods'],
  // The default: without it, `kubectl apply` of the same file again would say that it changes something.
  scope: '*',
};

/** What a cluster needs to run at all must not wait for a mesh. */
export const neverMeshed = ['kube-system', 'kube-public', 'kube-node-lease'];

/** Namespaces whose pods stay as they are: what a cluster needs to run at all, and the operator's own. */
export function renderFence(excludedNamespaces: readonly string[]): readonly Json[] {
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: injectionPolicyName },
      spec: {
        policyName: injectionPolicyName,
        matchResources: {
          namespaceSelector: {
            matchExpressions: [
              { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excludedNamespaces },
            ],
          },
          resourceRules: [createdPods],
        },
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: injectionPolicyName },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: [createdPods] },
        // Of pods that have a sidecar: the API server adds it before.
        matchConditions: [
          { name: 'injected', expression: `object.metadata.?annotations[?'${injectedKey}'].hasValue()` },
        ],
        validations: [
          portsOf(exclusionKeys.inboundPorts),
          portsOf(exclusionKeys.outboundPorts),
          {
            expression: `${itemsOf(exclusionKeys.outboundCidrs)}.all(i, isCIDR(i))`,
            message: `The annotation ${exclusionKeys.outboundCidrs} is not valid. Write networks separated by commas, for example 10.20.0.0/16,fd00:20::/64.`,
          },
        ],
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: injectionPolicyName },
      spec: { policyName: injectionPolicyName, validationActions: ['Deny'] },
    },
  ];
}

function portsOf(key: string): Json {
  return {
    expression: `${itemsOf(key)}.all(i, i.matches('^[0-9]{1,5}$') && int(i) >= 1 && int(i) <= 65535)`,
    message: `The annotation ${key} is not valid. Write port numbers separated by commas, for example 9000,9001.`,
  };
}

function itemsOf(key: string): string {
  return `object.metadata.annotations[?'${key}'].orValue('').split(',').map(i, i.trim()).filter(i, i != '')`;
}
