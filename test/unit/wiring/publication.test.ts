// The mesh, a root to trust and the connected workloads in, snapshots out.
import { expect, test } from '@jest/globals';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import type { Snapshot } from '../../../operator/xds/snapshot/types.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { createPublication } from '../../../operator/wiring/publication.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  sampleMatch,
  sampleMesh,
  sampleRoute,
  sampleService,
  sampleWorkload,
} from '../../support/mesh-samples.ts';
import { type LogLine, rememberingLog } from '../../support/remembering-log.ts';

interface Bench {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly lines: LogLine[];
  /** How many resources each publication kept from the proxies. */
  readonly invalid: number[];
  readonly published: (Snapshot | null)[];
}

function start(): Bench {
  const board = createBoard();
  const clock = new FakeClock();
  const { log, lines } = rememberingLog();
  const [invalid, published]: [number[], (Snapshot | null)[]] = [[], []];
  const metrics = {
    stageDone: () => undefined,
    resourcesInvalid: (count: number) => void invalid.push(count),
  };
  createPublication(board, { log, clock, metrics, settings: { skipChecks: [] } });
  board.snapshot.subscribe(() => published.push(board.snapshot.get()));
  return { board, clock, lines, invalid, published };
}

const root = {
  certificate: '',
  privateKey: '',
  notBefore: new Date(0),
  notAfter: new Date(1),
  trustBundle: 'root',
  controlPlaneBundle: 'root',
  issuers: '',
  links: '',
  wantedLeaves: null,
  revocationList: null,
};
const ir = sampleMesh({
  services: [sampleService('shop/reviews/9080')],
  workloads: [sampleWorkload('reviews')],
});
const workload = 'ExternalWorkload/shop/reviews';
const own = `workload/${workload}`;

function translated(mesh: MeshIr | null): {
  ir: MeshIr | null;
  verdicts: [];
  podRecords: [];
  mtlsPlaces: [];
  addressClaims: [];
  keySources: [];
} {
  return { ir: mesh, verdicts: [], podRecords: [], mtlsPlaces: [], addressClaims: [], keySources: [] };
}

/** A mesh with a route whose path RE2 does not take. */
function withPath(regex: string): MeshIr {
  const matches = [sampleMatch({ path: { type: 'RegularExpression', value: regex } })] as const;
  const route = sampleRoute('default', { matches });
  return sampleMesh({ services: [sampleService('shop/reviews/9080', { routes: [route] })] });
}

test('nothing is published before there is a mesh and a root to trust', () => {
  const { board, published } = start();

  board.translation.set(translated(ir));
  expect(published).toEqual([]);
  board.serverCertificate.set(root);

  expect(published).toHaveLength(1);
  expect(board.snapshot.get()?.views.get(workload)).toContain(own);
});

test('without a Mesh proxies keep what they have', () => {
  const { board, published } = start();
  board.serverCertificate.set(root);
  board.translation.set(translated(ir));

  board.translation.set(translated(null));

  expect(published).toHaveLength(1);
});

test('the same content is not published again, another root is', () => {
  const { board, published } = start();
  board.serverCertificate.set(root);
  board.translation.set(translated(ir));

  board.translation.set(translated({ ...ir }));
  expect(published).toHaveLength(1);
  board.serverCertificate.set({ ...root, trustBundle: 'another root' });

  expect(published).toHaveLength(2);
});

test('layers are built of the workloads that are connected: soon, and once for all that come at a time', () => {
  const { board, clock, published } = start();
  let connected: readonly string[] = [];
  board.connectedWorkloads.define(() => new Set(connected));
  board.serverCertificate.set(root);
  board.translation.set(translated(ir));
  expect(board.snapshot.get()?.layers.has(own)).toBe(false);

  connected = [workload];
  board.connectedWorkloads.changed();
  board.connectedWorkloads.changed();
  expect(published).toHaveLength(1);
  clock.advance(0);

  expect(published).toHaveLength(2);
  expect(board.snapshot.get()?.layers.has(own)).toBe(true);
});

test('a mesh that cannot be built leaves the last good snapshot, and is logged', () => {
  const { board, lines } = start();
  board.serverCertificate.set(root);
  board.translation.set(translated(ir));
  const good = board.snapshot.get();

  board.translation.set(translated({ ...ir, services: undefined as never }));

  expect(board.snapshot.get()).toBe(good);
  expect(lines).toMatchObject([{ message: 'stage failed, keeping the last good configuration' }]);
});

test('what our own checks refuse is counted, logged once, and known to the snapshot also when nothing else differs', () => {
  const { board, lines, invalid, published } = start();
  board.serverCertificate.set(root);

  board.translation.set(translated(withPath('(?=a)')));
  board.translation.set(translated(withPath('(?=a)')));
  board.translation.set(translated(withPath('(')));

  expect(invalid).toEqual([1, 1, 1]);
  expect(published.map((it) => it?.invalid.length)).toEqual([1, 1]);
  expect(lines.map(({ message }) => message)).toEqual([
    'resource failed validation, not published',
    'resource failed validation, not published',
  ]);
});
