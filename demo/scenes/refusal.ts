// Scene: a caller is refused by name, and the refusal says by which policy.
import { refusalFields } from './access-log.ts';
import type { Scene } from './scene.ts';

const noVisitors = `apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata:
  namespace: shop
  name: ratings
spec:
  targetRefs:
  - {kind: Service, name: ratings}
  authorization:
    rules:
    - name: no-visitors
      action: Deny
      from: [{serviceAccounts: [shop/visitor]}]
    - name: reviews-only
      action: Allow
      from: [{serviceAccounts: [shop/reviews]}]
      to: [{methods: [GET]}]
`;
const matched = 'rbac_access_denied_matched_policy[shop/ratings/no-visitors]';

interface Outcome {
  readonly before: number;
  readonly after: number;
  readonly throughReviews: number;
  readonly logLine: string;
}

export const refusal: Scene<Outcome> = {
  title: 'Who may call whom',
  explain:
    'A SecurityPolicy lets only reviews call ratings, and names visitors as unwanted. It concerns one sidecar, that of ratings, which knows each caller by its certificate; the access log names the rule that refused.',

  async play(stage) {
    const before = await stage.visit('ratings');
    stage.screen.fact(`visitor → ratings: ${before.status}`);
    await stage.apply(noVisitors);
    await stage.table();
    const after = await stage.visit('ratings');
    stage.screen.fact(`visitor → ratings: ${after.status} ${after.body.trim()}`);
    const through = await stage.visit('productpage');
    stage.screen.fact(`visitor → productpage → reviews → ratings: ${through.status}`);
    const logLine = await stage
      .sidecar('ratings-v1')
      .logLine('rbac_access_denied_matched_policy', stage.parts.signal);
    stage.screen.fact("From the access log of ratings' sidecar:");
    for (const field of refusalFields(logLine)) stage.screen.quote(field);
    return { before: before.status, after: after.status, throughReviews: through.status, logLine };
  },

  check: ({ before, after, throughReviews, logLine }) => [
    {
      holds: before === 200 && after === 403,
      text: 'the visitor could call ratings before, and is refused with 403 now',
    },
    { holds: throughReviews === 200, text: 'reviews may still call ratings' },
    { holds: logLine.includes(matched), text: 'the log names the rule: shop/ratings/no-visitors' },
  ],
};
