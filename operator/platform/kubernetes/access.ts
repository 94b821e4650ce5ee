// Who may see the dashboard, as the cluster says: a TokenReview, then a SubjectAccessReview. Entry: createAccess. One attempt a call: somebody
// waits for the answer.
import { z } from 'zod';
import type { AccessPort, AccessReview } from '../../ports/access-port.ts';
import { dashboardAudience } from '../../values/own-names.ts';
import type { ApiCaller } from './http/api-client.ts';
import { resourcePath } from './kinds.ts';

const tokenReviews = { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews' } as const;
const accessReviews = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
} as const;

/** RBAC names it `meshes/dashboard`. */
const resourceAttributes = {
  group: 'meshwright.dev',
  resource: 'meshes',
  subresource: 'dashboard',
  verb: 'get',
};

/** @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ */
const TokenReview = z.object({
  status: z
    .object({
      authenticated: z.boolean().nullish(),
      audiences: z.array(z.string()).nullish(),
      user: z
        .object({
          username: z.string().nullish(),
          uid: z.string().nullish(),
          groups: z.array(z.string()).nullish(),
          extra: z.record(z.string(), z.array(z.string())).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

const AccessReviewed = z.object({ status: z.object({ allowed: z.boolean() }).nullish() });

export function createAccess(api: ApiCaller): AccessPort {
  return {
    review: async (token): Promise<AccessReview> => {
      const reviewed = TokenReview.parse(
        await api.call({
          method: 'POST',
          path: resourcePath(tokenReviews),
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            spec: { token, audiences: [dashboardAudience] },
          },
        }),
      );
      const { authenticated, audiences, user } = reviewed.status ?? {};
      const name = user?.username ?? '';
      // An authenticator that knows nothing of audiences answers without: its tokens are for everything.
      const isForUs = audiences?.includes(dashboardAudience) === true;
      if (authenticated !== true || !isForUs || name === '') return { type: 'unauthenticated' };
      return (await isAllowed(api, user ?? {}))
        ? { type: 'allowed', user: name }
        : { type: 'forbidden', user: name };
    },
  };
}

type User = NonNullable<NonNullable<z.infer<typeof TokenReview>['status']>['user']>;

async function isAllowed(api: ApiCaller, { username, uid, groups, extra }: User): Promise<boolean> {
  const answer = await api.call({
    method: 'POST',
    path: resourcePath(accessReviews),
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: username, uid, groups, extra, resourceAttributes },
    },
  });
  return AccessReviewed.parse(answer).status?.allowed === true;
}
