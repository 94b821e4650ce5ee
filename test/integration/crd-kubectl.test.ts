// What users of kubectl see of our kinds: samples, columns, short names, explanations.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { z } from 'zod';
import type { MeshwrightKind } from '../../api/v1alpha1/kinds.ts';
import { collectionOf } from '../support/api-cases/api-caller.ts';
import { configFolder, type CrdServer, startCrdServer } from '../support/api-cases/crd-server.ts';
import { apiServerAvailable } from '../support/kubernetes.ts';
import { poll } from '../support/kubernetes/poll.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const Table = z.object({
  columnDefinitions: z.array(z.object({ name: z.string(), priority: z.int() })),
  rows: z.array(z.object({ cells: z.array(z.unknown()) })),
});

function condition(type: string, status: string, reason: string): Record<string, unknown> {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return { type, status, reason, observedGeneration: 1, lastTransitionTime, message: 'It is so.' };
}

const conditions = [
  condition('Accepted', 'True', 'Accepted'),
  condition('Overridden', 'True', 'Conflicted'),
  condition('Warning', 'True', 'UnreachableRoute'),
  condition('Programmed', 'False', 'Pending'),
  condition('Ready', 'Unknown', 'CertificateNotReady'),
];

const policyWide = ['REASON', 'WARNING', 'OVERRIDDEN'];
const policyColumns = ['TARGET', 'ACCEPTED', 'PROGRAMMED', 'PROXIES', 'AGE'];

interface ColumnCase {
  readonly kind: MeshwrightKind;
  readonly name: string;
  readonly proxies: Readonly<Record<string, unknown>>;
  /** What the status has besides. Default: nothing. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly columns: readonly string[];
  /** Only with -o wide. */
  readonly wide: readonly string[];
  /** Without AGE. */
  readonly cells: readonly string[];
}

const columnCases: readonly ColumnCase[] = [
  {
    kind: 'Mesh',
    name: 'default',
    proxies: { connected: 3, current: 2, rejecting: 1, summary: '2/3' },
    more: { policies: { programmed: 4, total: 5, summary: '4/5' } },
    columns: ['ACCEPTED', 'READY', 'PROXIES', 'POLICIES', 'AGE'],
    wide: ['REASON', 'WARNING'],
    cells: ['True', 'Unknown', '2/3', '4/5'],
  },
  {
    kind: 'TrafficPolicy',
    name: 'reviews',
    proxies: { programmed: 2, total: 3, summary: '2/3' },
    columns: policyColumns,
    wide: policyWide,
    cells: ['reviews', 'True', 'False', '2/3'],
  },
  {
    kind: 'SecurityPolicy',
    name: 'reviews',
    proxies: { programmed: 0, total: 0, summary: '0/0' },
    columns: policyColumns,
    wide: policyWide,
    cells: ['reviews', 'True', 'False', '0/0'],
  },
  {
    kind: 'ExternalWorkload',
    name: 'ratings-vm',
    proxies: { programmed: 1, total: 1, summary: '1/1' },
    columns: ['ADDRESS', 'ACCEPTED', 'PROGRAMMED', 'PROXIES', 'AGE'],
    wide: ['REASON', 'WARNING'],
    cells: ['192.0.2.7', 'True', 'False', '1/1'],
  },
];

let server: CrdServer;

function collection(kind: MeshwrightKind): string {
  return collectionOf({ kind, metadata: kind === 'Mesh' ? {} : { namespace: 'shop' } });
}

/** The HTTP status of writing a status. */
async function setStatus(kind: MeshwrightKind, name: string, status: object): Promise<number> {
  const path = `${collection(kind)}/${name}`;
  const { body } = await server.call({ method: 'GET', path });
  const changed: unknown = Object.assign({}, body, { status });
  return (await server.call({ method: 'PUT', path: `${path}/status`, body: changed })).status;
}

/** undefined at first: the API server publishes the descriptions a moment after it serves the kind. */
async function explainRetryOn(): Promise<string | undefined> {
  return await server.kubectl('explain', 'tp.spec.routes.retry.retryOn').catch(() => undefined);
}

suite('kubectl', () => {
  beforeAll(async () => {
    server = await startCrdServer();
    await server.kubectl('apply', '-f', join(configFolder, 'samples'));
  });

  afterAll(async () => {
    await server.stop();
  });

  test.each(columnCases)(
    'shows the columns of $kind',
    async ({ kind, name, columns, wide, cells, proxies, more }) => {
      expect(await setStatus(kind, name, { conditions, proxies, ...more })).toBe(200);

      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const { body } = await server.call({ method: 'GET', path: collection(kind), accept });

      const { columnDefinitions, rows } = Table.parse(body);
      const row = rows.find(({ cells: [first] }) => first === name);
      const shown = columnDefinitions.map(({ name: heading, priority }, i) => ({
        heading,
        priority,
        cell: row?.cells[i],
      }));
      const always = shown.filter((column) => column.priority === 0);
      expect(always.map((column) => column.heading)).toEqual(['Name', ...columns]);
      expect(always.map((column) => column.cell).slice(0, -1)).toEqual([name, ...cells]);
      expect(shown.filter((column) => column.priority === 1).map((column) => column.heading)).toEqual(wide);
    },
  );

  test('shows with -o wide why a policy is not programmed, and what there is to warn of', async () => {
    const [headings = '', row = ''] = (
      await server.kubectl('get', 'tp', 'reviews', '-n', 'shop', '-o', 'wide')
    ).split('\n');

    expect(headings.trim().split(/ {2,}/)).toEqual([
      'NAME',
      ...policyColumns.slice(0, -1),
      ...policyWide.slice(0, 2),
      'AGE',
      'OVERRIDDEN',
    ]);
    expect(row.trim().split(/ {2,}/)).toEqual([
      ...'reviews reviews True False 2/3 Pending UnreachableRoute'.split(' '),
      expect.stringMatching(/^\d+s$/),
      'It is so.',
    ]);
  });

  test.each([
    ['the category', ['meshwright', '-A']],
    ['short names', ['mesh,tp,sp,ew', '-n', 'shop']],
  ])('finds the kinds by %s', async (_, what) => {
    const found = await server.kubectl('get', ...what, '-o', 'name');

    expect(found.trim().split('\n').toSorted()).toEqual([
      'externalworkload.meshwright.dev/ratings-vm',
      'mesh.meshwright.dev/default',
      'securitypolicy.meshwright.dev/reviews',
      'trafficpolicy.meshwright.dev/reviews',
      'trafficpolicy.meshwright.dev/shop',
    ]);
  });

  test('changes nothing when definitions are applied again', async () => {
    const definitions = join(configFolder, 'crd');
    await server.kubectl('apply', '--server-side=false', '-f', definitions);

    const again = await server.kubectl('apply', '-f', definitions);

    expect(
      again
        .trim()
        .split('\n')
        .filter((line) => !line.endsWith(' unchanged')),
    ).toEqual([]);
  });

  test('explains a field', async () => {
    const retryOn = await poll(explainRetryOn, { intervalMs: 200, deadlineMs: 60_000 });

    expect(retryOn).toContain('ServerError: any 5xx.');
  });

  test('applies the limits for namespaces, and a Service beyond them is refused', async () => {
    await server.kubectl('apply', '-f', join(configFolder, '../deploy/samples/limits.yaml'));
    const written = async (ports: number): Promise<number> => {
      const spec = {
        ports: Array.from({ length: ports }, (_, index) => ({ name: `p${index}`, port: 1 + index })),
      };
      const metadata = { name: 'wide', namespace: 'shop' };
      const path = '/api/v1/namespaces/shop/services?dryRun=All';
      const body = { apiVersion: 'v1', kind: 'Service', metadata, spec };
      return (await server.call({ method: 'POST', path, body })).status;
    };

    // The API server takes up an admission policy a moment later.
    const refused = async (): Promise<true | undefined> => ((await written(101)) === 422 ? true : undefined);
    await poll(refused, { intervalMs: 200, deadlineMs: 60_000 });

    expect(await written(100)).toBe(201);
  });

  test('cannot write a condition without observedGeneration', async () => {
    const { observedGeneration: _, ...stale } = condition('Accepted', 'True', 'Accepted');

    expect(await setStatus('Mesh', 'default', { conditions: [stale] })).toBe(422);
  });

  test('cannot write two conditions of one type', async () => {
    expect(await setStatus('Mesh', 'default', { conditions: [conditions[0], conditions[0]] })).toBe(422);
  });
});
