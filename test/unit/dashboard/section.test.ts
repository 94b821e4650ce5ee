// Files for everybody who reaches the section, views for those of whom the cluster says so.
import { expect, test } from '@jest/globals';
import { createDashboard } from '../../../operator/dashboard/section.ts';
import type { Answer } from '../../../operator/admin/pages.ts';
import type { AccessPort, AccessReview } from '../../../operator/ports/access-port.ts';
import { knownSource } from '../../support/dashboard/known-mesh.ts';

let nowMs = 0;

function ask(access: AccessPort | null): (path: string, authorization?: string) => Promise<Answer> {
  const clock = { monotonicMs: () => nowMs, after: () => () => undefined };
  const section = createDashboard({
    source: () => knownSource(),
    access,
    clock,
    askPrometheus: () => Promise.reject(new Error('nobody is asked')),
  });
  return (path, authorization) => section.answer({ path, parameters: new URLSearchParams(), authorization });
}

/** Which tokens the cluster was asked about. */
function cluster(reviews: Readonly<Record<string, AccessReview>>): AccessPort & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    review: (token) => {
      asked.push(token);
      const review = reviews[token];
      return review === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve(review);
    },
  };
}

const allowed: AccessReview = { type: 'allowed', user: 'ann' };

test.each([
  ['no token', undefined],
  ['no bearer token', 'Basic YTpi'],
  ['more than a token', 'Bearer good, Bearer bad'],
  ['a token that is too long', `Bearer ${'x'.repeat(20_000)}`],
])('%s: 401, and the cluster is not asked', async (_what, authorization) => {
  const port = cluster({ good: allowed });

  expect(await ask(port)('api/graph', authorization)).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="meshwright dashboard"' },
  });
  expect(port.asked).toEqual([]);
});

test('a token that the cluster does not know: 401; one without the right: 403, with its name; one with it: the view', async () => {
  const get = ask(
    cluster({
      wrong: { type: 'unauthenticated' },
      poor: { type: 'forbidden', user: 'system:serviceaccount:shop:default' },
      good: allowed,
    }),
  );

  expect(await get('api/graph', 'Bearer wrong')).toMatchObject({ status: 401 });
  expect(await get('api/graph', 'Bearer poor')).toMatchObject({
    status: 403,
    body: expect.stringContaining('system:serviceaccount:shop:default may not see the dashboard'),
  });
  expect(await get('api/graph', 'Bearer good')).toMatchObject({ status: 200, type: 'application/json' });
});

test('what the cluster said holds for ten seconds; what it could not say is asked again', async () => {
  const port = cluster({ good: allowed });
  const get = ask(port);
  nowMs = 0;
  await get('api/graph', 'Bearer good');
  nowMs = 9_999;
  await get('api/graph', 'Bearer good');
  expect(port.asked).toEqual(['good']);
  nowMs = 10_000;
  await get('api/graph', 'Bearer good');
  expect(port.asked).toEqual(['good', 'good']);

  await expect(get('api/graph', 'Bearer other')).rejects.toThrow('no answer');
  await expect(get('api/graph', 'Bearer other')).rejects.toThrow('no answer');
  expect(port.asked).toEqual(['good', 'good', 'other', 'other']);
});

test('files need no token: they hold no secret, and nothing but them is loaded or run', async () => {
  const get = ask(cluster({}));
  for (const [path, type] of [
    ['', 'text/html; charset=utf-8'],
    ['app.js', 'text/javascript; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
    ['icon.svg', 'image/svg+xml'],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, type: got, headers } = await get(path);
    expect([status, got]).toEqual([200, type]);
    expect(headers?.['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
  }
});

test.each(['index.htm', '../main.ts', 'constructor', 'api/', 'api/constructor', 'api/graph/x'])(
  'there is no %s',
  async (path) => {
    expect(await ask(null)(path)).toMatchObject({ status: 404 });
  },
);

test('without a cluster there is nobody to ask', async () => {
  expect(await ask(null)('api/graph')).toMatchObject({ status: 200 });
});
