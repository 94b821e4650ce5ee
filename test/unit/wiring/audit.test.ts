// Policies on trial: what sidecars counted is put down to them, every half minute, while this operator leads.
import { expect, test } from '@jest/globals';
import type { AuditReport } from '../../../operator/conditions/audit-report.ts';
import type { Origin } from '../../../operator/ir/origin.ts';
import { observationsOf } from '../../../operator/telemetry/observations.ts';
import type { Point } from '../../../operator/telemetry/point.ts';
import { TrafficStore } from '../../../operator/telemetry/store.ts';
import { createAudit } from '../../../operator/wiring/audit.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { noRules, sampleInbound, sampleMesh, sampleWorkload } from '../../support/mesh-samples.ts';
import { noTags } from '../../../operator/telemetry/point.ts';

const caller = 'spiffe://cluster.local/ns/shop/sa/caller';
const server = 'ExternalWorkload/shop/server';

interface Policy {
  readonly name: string;
  readonly enforcement: 'Audit' | 'Enforce';
  /** YAML. */
  readonly rules: string;
  readonly generation: number;
}

function policy(name: string, enforcement: Policy['enforcement'], rules = '[]', generation = 1): Policy {
  return { name, enforcement, rules, generation };
}

const denyRule = '[{name: "no", action: Deny}]';

function yamlOf({ name, enforcement, rules, generation }: Policy): string {
  return `
kind: SecurityPolicy
metadata: {name: ${name}, namespace: shop, generation: ${generation}}
spec:
  targetRefs: [{kind: ExternalWorkload, name: server}]
  authorization: {enforcement: ${enforcement}, rules: ${rules}}
`;
}

interface Bench {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly made: ReturnType<typeof createAudit>;
  readonly counted: string[];
  /** The sidecar of the server reports. */
  readonly refused: (
    ...points: readonly Partial<Record<'source' | 'rule' | 'port' | 'path', string>>[]
  ) => void;
  /** These are all policies there are. */
  readonly apply: (...policies: readonly Policy[]) => void;
  readonly reports: () => readonly Partial<AuditReport>[];
}

function start(): Bench {
  const board = createBoard();
  const clock = new FakeClock();
  const store = new TrafficStore();
  const seen = observationsOf(store, {
    now: () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.now() }),
    startMs: () => 0,
  });
  board.observations.define(() => seen);
  const counted: string[] = [];
  const auditRefused = (id: string, requests: number): void => void counted.push(`${id}: ${requests}`);
  const made = createAudit(board, { clock, metrics: { auditRefused } });
  const refused: Bench['refused'] = (...all) => {
    const none = { ...noTags, source: caller, port: '80' };
    const points = all.flatMap(({ path, ...tags }): readonly Point[] => {
      const point: Point = {
        metric: 'inbound.audit_refusals',
        tags: { ...none, ...tags },
        count: 1,
        buckets: null,
      };
      const route = `GET ${path ?? ''}`;
      const onPath: Point = { ...point, metric: 'inbound.audit_routes', tags: { ...point.tags, route } };
      return path === undefined ? [point] : [point, onPath];
    });
    store.add(server, points, clock.monotonicMs());
  };
  const apply: Bench['apply'] = (...policies) => {
    const origins = policies.map(({ name }): Origin => {
      return { kind: 'SecurityPolicy', namespace: 'shop', name, generation: 1 };
    });
    const onTrial = policies.some(({ enforcement }) => enforcement === 'Audit');
    const port = { ...sampleInbound(80, 8080), audit: onTrial ? noRules : null, origins };
    const ir = sampleMesh({ services: [], workloads: [sampleWorkload('server', { inbound: [port] })] });
    board.resources.set(resourcesFromYaml(policies.map(yamlOf).join('---')));
    board.translation.set({ ...board.translation.get(), ir });
  };
  return { board, clock, made, counted, refused, apply, reports: () => board.auditReports.get() };
}

test('what no Allow rule matches is put down to policies with Allow rules, a Deny rule to its own policy', async () => {
  const { clock, made, refused, apply, reports, counted } = start();
  apply(policy('allow', 'Audit'), policy('deny', 'Audit', denyRule), policy('enforced', 'Enforce'));
  made.leaderCallbacks.onStartedLeading();
  refused({}, { rule: 'shop/deny/no' }, { rule: 'shop/deny/no', source: '10.0.0.1' }, { port: '81' });
  await clock.pass(30_000);

  expect(reports()).toMatchObject([
    {
      policy: 'shop/allow',
      requests: 1,
      callers: 1,
      refusals: [{ caller, rule: '', port: '80', requests: 1 }],
      sidecars: { reporting: 1, all: 1 },
    },
    { policy: 'shop/deny', requests: 2, callers: 2, refusals: [{ rule: 'no' }, { rule: 'no' }] },
  ]);
  expect(counted).toEqual(['shop/allow: 1', 'shop/deny: 1', 'shop/deny: 1']);
  refused({});
  await clock.pass(30_000);
  expect(counted.slice(3)).toEqual(['shop/allow: 1']);
});

test('says on which paths: the three that were called most, of the same caller, port and rule', async () => {
  const { clock, made, refused, apply, reports } = start();
  apply(policy('deny', 'Audit', denyRule));
  made.leaderCallbacks.onStartedLeading();
  const rule = 'shop/deny/no';
  const paths = ['/a', '/b', '/b', '/c', '/c', '/d', '/d', '/d'];
  refused(...paths.map((path) => ({ rule, path })), { rule, path: '/e', source: '10.0.0.1' });
  refused({ rule: 'shop/other/no', path: '/f' });
  await clock.pass(30_000);

  expect(reports()[0]?.refusals?.map(({ routes }) => routes)).toEqual([
    ['GET /d', 'GET /b', 'GET /c'],
    ['GET /e'],
  ]);
});

test('nothing is written while nothing changes, nor more often than every half minute', async () => {
  const { board, clock, made, refused, apply } = start();
  apply(policy('allow', 'Audit'));
  made.leaderCallbacks.onStartedLeading();
  let writes = 0;
  board.auditReports.subscribe(() => (writes += 1));
  for (let at = 0; at < 29; at += 1) {
    refused({});
    // oxlint-disable-next-line no-await-in-loop -- second after second
    await clock.pass(1_000);
  }
  expect(writes).toBe(0);
  await clock.pass(1_000);
  expect(writes).toBe(1);
  await clock.pass(30_000);
  expect(writes).toBe(1);
});

test('a policy that is enforced says for an hour what it would have refused; one that is deleted says nothing', async () => {
  const { clock, made, refused, apply, reports } = start();
  apply(policy('allow', 'Audit'), policy('gone', 'Audit'));
  made.leaderCallbacks.onStartedLeading();
  refused({});
  apply(policy('allow', 'Enforce', '[]', 2));

  expect(reports()).toMatchObject([{ policy: 'shop/allow', enforcement: 'Enforce', requests: 1 }]);
  await clock.pass(3_590_000);
  expect(reports()).toHaveLength(1);
  await clock.pass(40_000);
  expect(reports()).toEqual([]);
});

test('other rules begin anew', async () => {
  const { clock, made, refused, apply, reports } = start();
  apply(policy('allow', 'Audit'));
  made.leaderCallbacks.onStartedLeading();
  await clock.pass(60_000);
  refused({});
  await clock.pass(30_000);
  expect(reports()).toMatchObject([{ requests: 1 }]);
  apply(policy('allow', 'Audit', '[]', 2));
  expect(reports()).toMatchObject([{ requests: 0, sinceMs: clock.now() + 15_000 }]);
  await clock.pass(30_000);
  refused({});
  await clock.pass(30_000);
  expect(reports()).toMatchObject([{ requests: 1 }]);
});

test('who does not lead says nothing', async () => {
  const { clock, made, refused, apply, reports } = start();
  apply(policy('allow', 'Audit'));
  refused({});
  await clock.pass(60_000);
  expect(reports()).toEqual([]);
  made.leaderCallbacks.onStartedLeading();
  expect(reports()).toHaveLength(1);
  await made.leaderCallbacks.onStoppedLeading();
  expect(reports()).toEqual([]);
});

test('a leader counts what comes while it leads, and nothing twice when a policy is on trial again', async () => {
  const { clock, made, refused, apply, counted } = start();
  apply(policy('allow', 'Audit'));
  refused({});
  made.leaderCallbacks.onStartedLeading();
  refused({});
  await clock.pass(30_000);
  expect(counted).toEqual(['shop/allow: 1']);

  await made.leaderCallbacks.onStoppedLeading();
  made.leaderCallbacks.onStartedLeading();
  await clock.pass(30_000);
  apply(policy('allow', 'Enforce'));
  await clock.pass(30_000);
  apply(policy('allow', 'Audit'));
  await clock.pass(30_000);
  expect(counted).toEqual(['shop/allow: 1']);
});
