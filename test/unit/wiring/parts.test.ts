// The table of parts is the wiring: what is drawn of it is true, and no arrow goes back.
import { expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createBoard } from '../../../operator/wiring/board.ts';
import { type CellName, part, type Reads, type Writes } from '../../../operator/wiring/part.ts';
import { parts } from '../../../operator/wiring/parts.ts';
import { type Import, importsBelow } from '../architecture/room-graph.ts';
import { ancestorsOf, pathOf, pictureOf } from './picture.ts';

const cells = Object.keys(createBoard()) as readonly CellName[];
/** Read by the operator as a whole: createOperator. */
const readByOperator: readonly CellName[] = ['adminPort', 'watchFailure'];

test('each cell is written by one part', () => {
  const written = parts.flatMap(({ writes }) => writes);

  expect(written.toSorted()).toEqual(cells.toSorted());
});

test('each cell is read by somebody, and by nobody who writes it', () => {
  const read = new Set([...parts.flatMap(({ reads }) => reads), ...readByOperator]);

  expect(cells.filter((cell) => !read.has(cell))).toEqual([]);
  for (const { reads, writes } of parts) expect(reads.filter((cell) => writes.includes(cell))).toEqual([]);
});

test.each(parts.map(({ name }) => name))('%s has a test of its own', (name) => {
  const file = name.replaceAll(' ', '-');

  expect(existsSync(`operator/wiring/${file}.ts`)).toBe(true);
  expect(existsSync(`test/unit/wiring/${file}.test.ts`)).toBe(true);
});

test('parts stand in the order of the data; what is read before it is written is named here', () => {
  const behind = parts.flatMap(({ reads }, index) => {
    const later = new Set(parts.slice(index + 1).flatMap(({ writes }) => writes));
    return reads.filter((cell) => later.has(cell));
  });

  // The admin server is there from start to end, and shows what is there.
  const shown = [
    'resources',
    'translation',
    'snapshot',
    'proxies',
    'statuses',
    'observations',
    'trafficMetrics',
    'certificates',
    'recentChanges',
  ];
  // Watching starts when all behind it is there; connected proxies decide whose layers are built; peers are served by the xDS
  // server, which ends after them; who leads is decided when all can serve.
  // A root is replaced when sidecars have shown that they are ready.
  // What sidecars report to other operators comes by them.
  const others = [
    'rootEvidence',
    'change',
    'connectedWorkloads',
    'peerServices',
    'leader',
    'peerCounts',
    'quotasIn',
  ];
  expect(new Set(behind)).toEqual(new Set([...shown, ...others]));
});

test('no arrow goes back: the mesh is made from what the platform sees and from nothing else', () => {
  expect(ancestorsOf(parts, 'translation')).toEqual(new Set(['storage', 'watching']));
});

test('statuses are shown, and feed nothing', () => {
  expect(parts.filter(({ reads }) => reads.includes('statuses')).map(({ name }) => name)).toEqual([
    'inspection',
  ]);
  expect(parts.find(({ name }) => name === 'inspection')?.writes).toEqual(['adminPort']);
});

test('the picture in the README of this room is the table (UPDATE_GOLDEN=1 draws it)', () => {
  const file = 'operator/wiring/README.md';
  const text = readFileSync(file, 'utf8');
  const drawn = text.replace(/(?<=<!-- parts\.ts -->\n\n```\n).*?(?=\n```)/s, pictureOf(parts));
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, drawn);

  expect(text).toContain('<!-- parts.ts -->');
  expect(process.env['UPDATE_GOLDEN'] === '1' ? drawn : text).toBe(drawn);
});

/** Room in the README of the project → the part that it is in, and the file by which it comes in. */
const stages: ReadonlyMap<string, readonly [part: string, file: string]> = new Map([
  ['platform', ['watching', 'create-platform.ts']],
  ['store', ['storage', 'storage.ts']],
  ['translate', ['translation', 'translation.ts']],
  ['envoy/resources', ['publication', 'publication.ts']],
  ['xds/snapshot', ['publication', 'publication.ts']],
  ['xds/session', ['discovery', 'discovery.ts']],
  ['status', ['status reports', 'status-reports.ts']],
]);

test('the picture in the README of the project has the rooms of the wiring, in the order of its cells', () => {
  const [picture = ''] = /^ what you apply.*?^```/ms.exec(readFileSync('README.md', 'utf8')) ?? [];
  const rooms = [...picture.matchAll(/(?:^ |▶ )operator\/([a-z/]+)/gm)].map(([, room = '']) => room);
  expect(rooms).toEqual([...stages.keys()]);

  const imports = importsBelow('.', ['operator']);
  for (const [room, [, file]] of stages)
    expect([room, isBehind(imports, `operator/wiring/${file}`, `operator/${room}`)]).toEqual([room, true]);
  const line = [...new Set([...stages.values()].map(([name]) => name))];
  const steps = line.slice(1).map((name, index) => pathOf(parts, line[index] ?? '', name));
  // Each reads what the one before it wrote.
  expect(steps.map((step) => step?.length)).toEqual(steps.map(() => 2));
});

/** Whether a file imports one of that folder, or imports one that does, and so on. */
function isBehind(imports: readonly Import[], file: string, folder: string): boolean {
  const reached = new Set([file]);
  for (const from of reached) for (const it of imports) if (it.file === from) reached.add(it.imports);
  return [...reached].some((it) => it.startsWith(`${folder}/`));
}

test('the types of a part forbid a table that is not true', () => {
  const takes = (_cells: Reads<'resources'> & Writes<'translation'>): object => ({});

  part('true', { reads: ['resources'], writes: ['translation'] }, takes);
  // @ts-expect-error -- it does not take the snapshot
  part('too much is named', { reads: ['resources', 'snapshot'], writes: ['translation'] }, takes);
  // @ts-expect-error -- it takes the resources
  part('too little is named', { reads: [], writes: ['translation'] }, takes);
  // @ts-expect-error -- it only reads the resources
  part('said to write what it reads', { reads: [], writes: ['translation', 'resources'] }, takes);
  // @ts-expect-error -- it writes the translation
  part('said to read what it writes', { reads: ['resources', 'translation'], writes: [] }, takes);

  expect(parts.length).toBeGreaterThan(0);
});
