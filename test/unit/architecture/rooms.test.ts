// Rooms form no circle, and the unit tests stand as the rooms do.
import { expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { circlesOf, describeCircles, importsBelow, roomGraph, roomOf } from './room-graph.ts';

test('rooms import each other in one direction only', () => {
  const graph = roomGraph(importsBelow('.', ['api', 'operator']));

  // The walk found the tree: the parts are put together from many rooms.
  expect(graph.get('wiring')?.size).toBeGreaterThan(10);
  expect(describeCircles(circlesOf(graph))).toEqual([]);
});

test('a circle of rooms is found although no file is in one, and its files are named', () => {
  const imports = [
    { file: 'operator/store/a.ts', imports: 'operator/platform/files/b.ts' },
    { file: 'operator/platform/files/c.ts', imports: 'operator/ports/d.ts' },
    { file: 'operator/ports/e.ts', imports: 'operator/store/f.ts' },
    { file: 'operator/main.ts', imports: 'operator/store/a.ts' },
  ];

  expect(describeCircles(circlesOf(roomGraph(imports)))).toEqual([
    [
      'store → platform/files: operator/store/a.ts imports operator/platform/files/b.ts',
      'platform/files → ports: operator/platform/files/c.ts imports operator/ports/d.ts',
      'ports → store: operator/ports/e.ts imports operator/store/f.ts',
    ].join('\n'),
  ]);
});

test.each([
  ['api/v1alpha1/mesh.ts', 'api'],
  ['operator/store/store.ts', 'store'],
  ['operator/reconcile/workload/step.ts', 'reconcile'],
  ['operator/xds/session/nack.ts', 'xds/session'],
  ['operator/translate/policies/traffic/routes.ts', 'translate/policies'],
  ['operator/translate/translate.ts', 'translate'],
  ['operator/main.ts', 'main.ts'],
])('%s is in the room %s', (file, room) => {
  expect(roomOf(file)).toBe(room);
});

/** What unit tests are about beside rooms of the operator. */
const others: ReadonlyMap<string, string> = new Map([
  ['api', 'api'],
  ['architecture', 'operator'],
  ['cluster', 'test/cluster'],
  ['demo', 'demo'],
  ['deploy', 'deploy'],
  ['examples', 'docs/examples'],
  ['features', 'test/golden/features'],
  ['runner', 'test/runner'],
]);

test('each folder of test/unit is named after what it tests', () => {
  const folders = readdirSync('test/unit', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice('test/unit/'.length));
  const strays = folders.filter((folder) => !existsSync(others.get(folder) ?? `operator/${folder}`));

  expect(folders).toContain('xds/session');
  expect(strays).toEqual([]);
});

test('each room has a README', () => {
  const rooms = readdirSync('operator', { withFileTypes: true }).filter((entry) => entry.isDirectory());

  expect(rooms.length).toBeGreaterThan(15);
  expect(
    rooms.filter(({ name }) => !existsSync(`operator/${name}/README.md`)).map(({ name }) => name),
  ).toEqual([]);
});
