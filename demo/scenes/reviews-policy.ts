// The TrafficPolicy of the reviews service, as the scenes edit it. Text, because a user edits text.

export interface ReviewsPolicy {
  /** Weight of v1; v2 gets the rest of 100. A string shows what a mistake does. */
  readonly v1: number | string;
  /** Further lines of the default route, indented as they are to stand. */
  readonly more?: string;
}

export const withRetries = `    retry:
      attempts: 8
      retryOn: [ConnectFailure, ServerError]
`;

/** v3 for testers, the others split between v1 and v2. */
export function reviewsPolicy({ v1, more = '' }: ReviewsPolicy): string {
  const v2 = typeof v1 === 'number' ? 100 - v1 : 10;
  return `apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata:
  namespace: shop
  name: reviews
spec:
  targetRefs:
  - {kind: Service, name: reviews, port: 9080}
  subsets:
  - {name: v1, matchLabels: {version: v1}}
  - {name: v2, matchLabels: {version: v2}}
  - {name: v3, matchLabels: {version: v3}}
  routes:
  - name: testers
    matches:
    - headers: [{name: x-group, value: testers}]
    backends: [{subset: v3}]
  - name: everyone
    backends:
    - {subset: v1, weight: ${v1}}
    - {subset: v2, weight: ${v2}}
${more}`;
}
