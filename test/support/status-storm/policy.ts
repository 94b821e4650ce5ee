// A policy of the storm: each generation leaves a mark of its own in the configuration of Envoy.

export interface Policy {
  readonly kind: 'TrafficPolicy' | 'SecurityPolicy';
  /** Never given twice, so that its generations begin with 1. */
  readonly name: string;
  /** A Service. */
  readonly target: string;
  readonly generation: number;
  /** Envoy does not take it. */
  readonly isRefused: boolean;
}

/** Ends with a dash, so that no mark is the beginning of another one. */
export function markOf({ name, generation }: Pick<Policy, 'name' | 'generation'>): string {
  return `mark-${name}-g${generation}-`;
}

export function documentOf(policy: Policy): string {
  const { kind, name, target } = policy;
  const mark = markOf(policy);
  const match = policy.isRefused
    ? `matches: [{headers: [{type: RegularExpression, name: x-a, value: '(?=a)b'}]}], `
    : '';
  const spec =
    kind === 'TrafficPolicy'
      ? `routes: [{${match}requestHeaders: {set: [{name: x-storm, value: ${mark}}]}}]`
      : `authorization: {rules: [{name: one, action: Deny, to: [{paths: [{type: Exact, value: /${mark}}]}]}]}`;
  return `apiVersion: meshwright.dev/v1alpha1
kind: ${kind}
metadata: {namespace: shop, name: ${name}}
spec: {targetRefs: [{kind: Service, name: ${target}}], ${spec}}
`;
}
