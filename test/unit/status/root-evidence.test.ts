import { expect, test } from '@jest/globals';
import { typeUrl, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import { evidenceOf } from '../../../operator/status/root-evidence.ts';
import type {
  FormerResource,
  LaggingResource,
  ProxyReport,
} from '../../../operator/xds/session/proxy-report.ts';

const leaf = { root: 'r', issuedMs: 1000 };

function report(parts: Partial<ProxyReport> = {}): ProxyReport {
  const nothing = { lagging: [], rejected: [], former: [], atRest: true };
  const since = { connectedAtMs: 0, leftAtMs: null, since: null };
  return { workload: 'Pod/shop/a', nodeId: 'a', layers: ['shared'], leaf, ...since, ...nothing, ...parts };
}

const lagging = (name: string, type: TypeUrl = typeUrl.secret): readonly LaggingResource[] => [
  { typeUrl: type, name, origins: [] },
];
const former = (name: string): readonly FormerResource[] => [
  { typeUrl: typeUrl.secret, name, origins: null },
];

test.each<[string, Partial<ProxyReport>, boolean]>([
  ['one that has all', {}, true],
  ['one that has yet to acknowledge the roots that clients trust', { lagging: lagging('trust') }, false],
  ['one that has yet to acknowledge the roots that servers trust', { lagging: lagging('callers') }, false],
  ['one that lacks something else', { lagging: lagging('trust', typeUrl.cluster) }, true],
  ['one that may have roots of before', { former: former('trust') }, false],
  ['one that came back and has not said which secrets it has', { former: former('*') }, false],
  ['one that has not been shown anything yet', { layers: [] }, false],
  ['one that left with all', { leftAtMs: 5, since: new Date(5) }, true],
])('%s', (_, parts, hasPublishedTrust) => {
  const { proxies } = evidenceOf('roots', [report(parts)], []);

  expect(proxies).toMatchObject([{ workload: 'Pod/shop/a', hasPublishedTrust, leaf }]);
});

test('a workload that nobody has heard of counts as one that has nothing; all are in order', () => {
  const since = new Date(7);
  const absent = [{ workload: 'Pod/shop/0', layers: [], origins: [], since }];

  const { publishedTrust, proxies } = evidenceOf('roots', [report({ leftAtMs: 1, since })], absent);

  expect(publishedTrust).toBe('roots');
  expect(proxies).toEqual([
    {
      workload: 'Pod/shop/0',
      isConnected: false,
      missingSince: since,
      hasPublishedTrust: false,
      leaf: null,
    },
    { workload: 'Pod/shop/a', isConnected: false, missingSince: since, hasPublishedTrust: true, leaf },
  ]);
});
