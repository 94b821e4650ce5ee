// The table of policies: what has a status is in it, whatever became of its document.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Policies } from '../../../demo/mesh/policies.ts';
import { Statuses } from '../../../demo/mesh/statuses.ts';

const written = (kind: string): string =>
  `kind: ${kind}\nmetadata: {namespace: shop, name: reviews}\nspec: {targetRefs: [{kind: Service, name: reviews}]}\n`;
const told = `status:
  conditions:
  - {type: Accepted, status: "False", reason: Invalid, message: 'There is no kind TraficPolicy.', observedGeneration: 2, lastTransitionTime: 2026-01-01T00:00:00Z}
`;

let root: string;
let policies: Policies;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-policies-'));
  const [mesh, state] = [join(root, 'mesh'), join(root, 'state')];
  await mkdir(mesh);
  policies = new Policies(
    { root, mesh, state, logs: root },
    new Statuses(state, new AbortController().signal),
  );
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(file: string, text: string): Promise<void> {
  const path = join(root, file);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}

test('a policy is in the table before it has a status', async () => {
  await write('mesh/reviews.yaml', written('TrafficPolicy'));

  expect(await policies.states(0)).toMatchObject([
    { row: { kind: 'TrafficPolicy', name: 'reviews', target: 'reviews', accepted: '' }, complaints: [] },
  ]);
});

test('a policy whose kind is misspelled stays in the table, with what its status says', async () => {
  await write('mesh/reviews.yaml', written('TrafficPolicy'));
  await policies.states(0);
  await write('mesh/reviews.yaml', written('TraficPolicy'));
  await write('state/status/TrafficPolicy.shop.reviews.yaml', told);
  await write('state/status/Mesh..default.yaml', 'status: {}');

  expect(await policies.states(0)).toMatchObject([
    {
      row: { kind: 'TrafficPolicy', name: 'reviews', target: 'reviews', accepted: 'False' },
      complaints: ['trafficpolicy/reviews Accepted=False (Invalid): There is no kind TraficPolicy.'],
    },
  ]);
});
