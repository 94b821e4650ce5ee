// The definition of ReferenceGrants, as far as the operator heeds them.
// @see https://github.com/kubernetes-sigs/gateway-api/tree/main/config/crd/standard

const text = { type: 'string' };
const list = (properties: object, required: readonly string[]): object => ({
  type: 'array',
  minItems: 1,
  maxItems: 16,
  items: { type: 'object', properties, required },
});

export const referenceGrantCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'referencegrants.gateway.networking.k8s.io',
    // An API server asks for it in groups of Kubernetes.
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/4530' },
  },
  spec: {
    group: 'gateway.networking.k8s.io',
    scope: 'Namespaced',
    names: { kind: 'ReferenceGrant', plural: 'referencegrants', singular: 'referencegrant' },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  from: list({ group: text, kind: text, namespace: text }, ['group', 'kind', 'namespace']),
                  to: list({ group: text, kind: text, name: text }, ['group', 'kind']),
                },
                required: ['from', 'to'],
              },
            },
            required: ['spec'],
          },
        },
      },
    ],
  },
};

/** In namespace shop: TrafficPolicies of namespace qa may refer to its Services. */
export const grantToQa = {
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: { name: 'to-qa', namespace: 'shop' },
  spec: {
    from: [{ group: 'meshwright.dev', kind: 'TrafficPolicy', namespace: 'qa' }],
    to: [{ group: '', kind: 'Service' }],
  },
};
