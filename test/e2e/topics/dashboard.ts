// The dashboard, as users reach it: by their kubeconfig and a forwarded port, and for those only of whom the cluster says so.
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { addressOf, type Dashboard, startDashboard, stopDashboard } from '../../support/dashboard/program.ts';
import { holder, podOf } from '../library/leadership.ts';
import { ownNamespace, type World } from '../library/world.ts';

const place = `--namespace=${ownNamespace}`;
const Graph = z.object({ nodes: z.array(z.object({ name: z.string() })) });

/** What the operator answers to this token, asked from its own pod. */
const askOperator = `
  const headers = process.argv[1] === '' ? {} : { authorization: 'Bearer ' + process.argv[1] };
  const answer = await fetch('http://127.0.0.1:8080/dashboard/api/graph', { headers });
  console.log(answer.status);`;

export function dashboardSeen(world: () => World): void {
  describe('the dashboard', () => {
    let folder = '';

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'meshwright-dashboard-'));
      for (const name of ['looker', 'stranger'])
        // oxlint-disable-next-line no-await-in-loop -- two
        await world().mustKubectl(['create', 'serviceaccount', name, place]);
      await world().mustKubectl([
        'create',
        'rolebinding',
        'lookers',
        '--role=meshwright-dashboard-user',
        `--serviceaccount=${ownNamespace}:looker`,
        place,
      ]);
    });

    afterAll(async () => {
      await world().mustKubectl(['delete', 'rolebinding/lookers', place]);
      await world().mustKubectl(['delete', 'serviceaccount', 'looker', 'stranger', place]);
      await rm(folder, { recursive: true });
    });

    test('shows the mesh to an administrator, and to whom the Role is bound', async () => {
      for (const kubeconfig of [world().kubeconfigPath, await kubeconfigOf('looker')]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const names = await namesSeen(kubeconfig, 'server');
        expect(names).toContain('server');
      }
    });

    test('says to others which right they lack', async () => {
      const child = start(await kubeconfigOf('stranger'));

      const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);

      expect(code).toBe(1);
      expect(said).toMatch(/stranger" cannot (create|get) resource/);
    });

    test('answers to no token but one for itself, of somebody who may see it', async () => {
      const forItself = (name: string): Promise<string> => token(name, '--audience=meshwright-dashboard');
      const tokens = {
        none: '',
        invented: 'x.y.z',
        forTheApiServer: await token('meshwright-dashboard'),
        ofAStranger: await forItself('stranger'),
        right: await forItself('meshwright-dashboard'),
      };

      const statuses: Record<string, string> = {};
      for (const [name, value] of Object.entries(tokens))
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        statuses[name] = await statusWith(value);

      expect(statuses).toEqual({
        none: '401',
        invented: '401',
        forTheApiServer: '401',
        ofAStranger: '403',
        right: '200',
      });
    });

    /** Once that one is among them, as an operator may have been told of others before; if it never is, those that are. */
    const namesSeen = async (kubeconfig: string, wanted: string): Promise<readonly string[]> => {
      const child = start(kubeconfig);
      try {
        const url = await addressOf(child);
        const { headers } = await fetch(url);
        const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
        const graph = new URL('/dashboard/api/graph', url);
        let names: readonly string[] = [];
        const isThere = async (): Promise<true | undefined> => {
          const answer = await fetch(graph, { headers: { cookie } });
          const { nodes } = Graph.parse(await answer.json());
          names = nodes.map(({ name }) => name);
          return names.includes(wanted) || undefined;
        };
        await world()
          .until(isThere)
          .catch(() => undefined);
        return names;
      } finally {
        await stopDashboard(child);
      }
    };

    const start = (kubeconfig: string): Dashboard =>
      startDashboard([`--kubeconfig=${kubeconfig}`], {
        programs: dirname(world().kubectlCommand[0] ?? ''),
      });

    /** As kubectl is set up for a user who has a token. */
    const kubeconfigOf = async (name: string): Promise<string> => {
      const path = join(folder, name);
      await writeFile(path, await readFile(world().kubeconfigPath));
      const config = ['config', `--kubeconfig=${path}`];
      const context = await world().mustKubectl([...config, 'current-context']);
      await world().mustKubectl([...config, 'set-credentials', name, `--token=${await token(name)}`]);
      await world().mustKubectl([...config, 'set-context', context.trim(), `--user=${name}`]);
      return path;
    };

    const token = async (name: string, ...options: readonly string[]): Promise<string> =>
      (await world().mustKubectl(['create', 'token', name, place, ...options])).trim();

    const statusWith = async (bearer: string): Promise<string> => {
      const pod = podOf(await holder(world()));
      const node = ['node', '--input-type=module', '--eval', askOperator, bearer];
      return (await world().mustKubectl(['exec', pod, place, '--', ...node])).trim();
    };
  });
}
