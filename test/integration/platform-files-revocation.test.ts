// `issuedAfter` in an operator as users run it, which is killed in between: whoever holds the replaced certificate is refused by its
// server, and by the sidecars, which get the list.
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';

const mesh = (issuedAfter = ''): string => `apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {mtls: {mode: Strict}, certificates: {${issuedAfter}}}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: reviews}, ports: [{name: http, port: 9080}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: reviews, namespace: shop, labels: {app: reviews}}
spec: {address: 192.0.2.7, serviceAccount: reviews, ports: [{name: http, port: 9080}]}
`;

let root: string;
let operator: FilesOperator;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-revocation-'));
  operator = await FilesOperator.in(root);
  await operator.put('mesh.yaml', mesh());
  await operator.start();
});

afterEach(async () => {
  await operator.kill();
  await rm(root, { recursive: true, force: true });
});

const pathOf = (secret: string, file: string): string => join(operator.state, 'secrets', secret, file);
const own = 'meshwright-system/meshwright-revocations';

async function read(secret: string, file: string): Promise<string | undefined> {
  return readFile(pathOf(secret, file), 'utf8').catch(() => undefined);
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  return poll(look, { intervalMs: 20, deadlineMs: 60_000 });
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Of the workload's identity, once it is another than that. */
async function otherThan(former?: Pair): Promise<Pair> {
  return until(async () => {
    const [cert, key] = [
      await read('shop/meshwright-reviews', 'tls.crt'),
      await read('shop/meshwright-reviews', 'tls.key'),
    ];
    return cert === undefined || key === undefined || cert === former?.cert ? undefined : { cert, key };
  });
}

/** Whether the xDS port speaks HTTP/2 with whoever has it. */
async function isServed(pair: Pair): Promise<boolean> {
  const ca = await until(async () => read('shop/meshwright-reviews', 'ca.crt'));
  const socket = connect({
    ...pair,
    ca,
    host: '127.0.0.1',
    port: operator.xdsPort,
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
  return new Promise<boolean>((resolve) => {
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('data', () => resolve(true));
  }).finally(() => socket.destroy());
}

const Ledger = z.object({
  issuedAfter: z.number(),
  replaced: z.array(z.tuple([z.string(), z.number(), z.number(), z.number()])),
});

/** As if the operator had been away for so long. */
async function agePast(seconds: number): Promise<void> {
  const path = await realpath(pathOf(own, 'replaced.json'));
  const { issuedAfter, replaced } = Ledger.parse(JSON.parse(await readFile(path, 'utf8')));
  const aged = replaced.map(([serial, from, to, at]) => [serial, from, to, at - seconds]);
  await writeFile(path, JSON.stringify({ issuedAfter, replaced: aged }));
}

test('a replaced certificate is refused two minutes later, also by an operator that was killed meanwhile', async () => {
  const stolen = await otherThan();
  expect(await isServed(stolen)).toBe(true);

  // Certificates know whole seconds only: this one is of a later second than the first.
  const second = Math.floor(Date.now() / 1000);
  await until(async () => (Math.floor(Date.now() / 1000) > second ? true : undefined));
  await operator.put('mesh.yaml', mesh(`issuedAfter: ${new Date().toISOString()}`));
  const fresh = await otherThan(stolen);
  await until(async () =>
    (await read(own, 'replaced.json'))?.includes('"issuedAfter":1') ? true : undefined,
  );
  expect([await isServed(stolen), await isServed(fresh)]).toEqual([true, true]);

  await operator.kill();
  await agePast(120);
  await operator.start();
  await until(async () => read(own, 'crl.pem'));

  await until(async () => ((await isServed(stolen)) ? undefined : true));
  expect(await isServed(fresh)).toBe(true);
  await until(async () =>
    (await operator.ask('/debug/snapshot')).includes('BEGIN X509 CRL') ? true : undefined,
  );
});
