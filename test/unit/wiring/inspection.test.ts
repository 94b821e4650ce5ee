// The admin server shows what is in the cells.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../../operator/process/log.ts';
import { createBoard, type Board } from '../../../operator/wiring/board.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createInspection } from '../../../operator/wiring/inspection.ts';
import { resourcesOf, service } from '../../support/builders.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';

let board: Board;
let isReady: boolean;
let admin: ReturnType<typeof createInspection>['component'];

beforeEach(async () => {
  board = createBoard();
  isReady = false;
  admin = createInspection(board, {
    platform: {},
    settings: { adminAddress: { host: '127.0.0.1', port: 0 } },
    metrics: { contentType: 'text/plain', render: () => Promise.resolve('meshwright 1\n') },
    clock: systemClock,
    components: () => [{ ...admin, name: 'xds', ready: () => isReady }],
    log: createLog('silent'),
  }).component;
  await admin.start();
});
afterEach(() => admin.stop());

async function get(path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${board.adminPort.get()}${path}`)).text();
}

test('each page is read when it is asked for', async () => {
  expect(JSON.parse(await get('/debug/resources'))).toBeNull();

  board.resources.set(resourcesOf(service('reviews')));
  board.translation.set({
    ir: sampleMesh({}),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  board.proxies.define(() => []);
  board.statuses.define(() => new Map([['Mesh//default', { conditions: [] }]]));

  expect(JSON.parse(await get('/debug/resources'))).toMatchObject({ services: [{ kind: 'Service' }] });
  expect(JSON.parse(await get('/debug/ir'))).toMatchObject({ settings: { name: 'default' } });
  expect(JSON.parse(await get('/debug/proxies'))).toEqual([]);
  expect(JSON.parse(await get('/debug/status'))).toEqual({ 'Mesh//default': { conditions: [] } });
  expect(JSON.parse(await get('/debug/snapshot'))).toBeNull();
});

test('/readyz asks the components of all parts', async () => {
  expect(await get('/readyz')).toBe('Not ready:\nxds\n');
  isReady = true;
  expect(await get('/readyz')).toBe('ready\n');
});

test('/metrics is what the metrics say', async () => {
  expect(await get('/metrics')).toBe('meshwright 1\n');
});
