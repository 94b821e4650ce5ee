// What an administrator installs once beside the policy that adds sidecars: the binding without which that policy does nothing, and which bounds what it
// may change, whatever the operator writes into it; and the sentences for pods whose annotations cannot be read. Pure.
import {
  admissionCheckKey,
  admissionCheckName,
  injectedKey,
  injectionPolicyName,
} from '../operator/values/own-names.ts';
import { neverMeshed } from '../operator/values/never-meshed.ts';
import { exclusionKeys } from '../operator/infra/exclusion-keys.ts';

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

/** ownNamespace: the operator's. */
export function renderFence(ownNamespace: string): readonly Json[] {
  return [
    ...renderCheck(ownNamespace),
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: injectionPolicyName },
      spec: {
        policyName: injectionPolicyName,
        matchResources: {
          namespaceSelector: {
            matchExpressions: [
              { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: neverMeshed(ownNamespace) },
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

/**
 * An API server may serve policies and not run them. So the operator asks it to create a Lease, in a dry run, and looks whether this policy has
 * changed it. It changes nothing else.
 */
function renderCheck(namespace: string): readonly Json[] {
  const createdLeases = {
    apiGroups: ['coordination.k8s.io'],
    apiVersions: ['v1'],
    operations: ['CREATE'],
    resources: ['leases'],
    scope: '*',
  };
  const within = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: admissionCheckName },
      spec: {
        policyName: admissionCheckName,
        matchResources: { namespaceSelector: within, resourceRules: [createdLeases] },
      },
    },
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: admissionCheckName },
      spec: {
        failurePolicy: 'Ignore',
        reinvocationPolicy: 'Never',
        matchConstraints: { namespaceSelector: within, resourceRules: [createdLeases] },
        matchConditions: [
          { name: 'the-check', expression: `object.metadata.name == '${admissionCheckName}'` },
        ],
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: `[JSONPatch{op: "add", path: "/metadata/annotations", value: {"${admissionCheckKey}": "run"}}]`,
            },
          },
        ],
      },
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
