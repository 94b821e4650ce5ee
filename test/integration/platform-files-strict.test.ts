// Mode Strict where plaintext is in use, in an operator as users run it, with real Envoys: it waits for callers in plaintext and names
// them, refuses nobody when it takes effect, steps back when one comes late, and survives restarts. On an HTTP port and, by a mode of
// its own, a TCP port at once.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { reservePorts } from '../../demo/process/ports.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { SteadyLoad } from '../support/data-plane/steady-load.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';
import { startFilesSidecar } from '../support/operator/files-sidecar.ts';

const namespace = 'shop';
const trustDomain = 'strict.test';
const guard = { kind: 'SecurityPolicy', namespace, name: 'strict' } as const;
const tcpGuard = { kind: 'SecurityPolicy', namespace, name: 'strict-tcp' } as const;
const deadlineMs = 120_000;

const mesh = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { trustDomain: ${trustDomain} }
`;

const strict = (
  transition: string,
  name = 'strict',
  target = 'reviews',
  mode: string = 'mode: Strict',
): string => `
apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  targetRefs: [{ kind: ExternalWorkload, name: ${target} }]
  mtls: { ${mode}, transition: { ${transition} } }
`;

const workload = (name: string, rest: string): string => `---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: { namespace: ${namespace}, name: ${name}, labels: { app: ${name} } }
spec: { address: 127.0.0.1, serviceAccount: ${name}, ${rest} }
`;

const service = `---
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: reviews }
spec: { selector: { app: reviews }, ports: [{ name: http, port: 80, targetPort: http, appProtocol: http }] }
`;

const tcpService = `---
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: db }
spec: { selector: { app: db }, ports: [{ name: tcp, port: 5432, targetPort: tcp }] }
`;

const closing = new Closing();
let operator: FilesOperator;
let inbound: number;
let tcpInbound: number;
/** Open from before the policy until it is closed. */
let open: Socket;
let outbound: number;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'meshwright-strict-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  const block = await reservePorts(4);
  closing.add(() => block.release());
  const xds = block.take();
  [outbound, inbound, tcpInbound] = [block.take(), block.take(), block.take()];
  const application = await startApplication('reviews', closing);
  const greeter = await startGreeter('hello', closing);
  operator = await FilesOperator.in(root, ['--xds-address', `127.0.0.1:${xds}`]);
  await operator.put('mesh.yaml', mesh);
  const calls = `outbound: [{ service: reviews, port: 80, bindPort: ${outbound} }]`;
  const serves = `ports: [{ name: http, port: ${inbound}, applicationPort: ${application} }]`;
  const stores = `ports: [{ name: tcp, port: ${tcpInbound}, applicationPort: ${greeter} }]`;
  const workloads = [workload('caller', calls), workload('reviews', serves), workload('db', stores)];
  await operator.put('shop.yaml', [service, tcpService, ...workloads].join(''));
  await operator.start();
  closing.add(() => operator.kill());
  for (const name of ['caller', 'reviews', 'db']) {
    const { state, xdsPort } = operator;
    const dir = join(root, name);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const envoy = await startFilesSidecar({ state, xdsPort, namespace, name, trustDomain, dir });
    closing.add(() => envoy.stop());
  }
  await until('calls arrive', async () => (await plaintext()) === 200 && (await statusOf(outbound)) === 200);
  await until('the greeter answers', greets);
  // Of what is not stored yet, nobody knows that it was open: it would be Strict at once.
  await until('the open ports are stored', async () => (await isStored('reviews')) && isStored('db'));
  open = connect({ host: '127.0.0.1', port: tcpInbound });
  open.on('error', () => undefined);
  closing.add(async () => void open.destroy());
});
afterAll(() => closing.close());

async function statusOf(port: number): Promise<number> {
  return (await call(port, { path: '/' })).status;
}

/** Whether a connection in plaintext reaches the application. */
async function greets(): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port: tcpInbound });
  const greeted = await new Promise<boolean>((resolve) => {
    socket.on('data', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
  socket.destroy();
  return greeted;
}

const plaintext = (): Promise<number> => statusOf(inbound);

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const look = async (): Promise<true | undefined> => ((await holds().catch(() => false)) ? true : undefined);
  await poll(look, { intervalMs: 100, deadlineMs }).catch(async (error: unknown) => {
    const conditions = JSON.stringify([
      await operator.conditions(guard),
      await operator.conditions(tcpGuard),
    ]);
    throw new Error(`not in time: ${what}; ${conditions}`, { cause: error });
  });
}

async function programmed(of: typeof guard | typeof tcpGuard = guard): Promise<Condition | undefined> {
  return (await operator.conditions(of))?.['Programmed'];
}

async function isWaiting(of: typeof guard | typeof tcpGuard = guard): Promise<boolean> {
  const condition = await programmed(of);
  return condition?.reason === 'Pending' && condition.message.includes('from 127.0.0.1');
}

/** Whether the next operator would find that the port of this workload accepts plaintext, or may do so again. */
async function isStored(name: string): Promise<boolean> {
  const path = join(operator.state, 'jwks', `meshwright-mtls-${namespace}.json`);
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.includes(`ExternalWorkload/${name}`);
}

/** Calls in plaintext until both say who does, and resolves to the statuses of the answers. */
async function answersUntilWaiting(): Promise<ReadonlySet<number>> {
  const answers = new Set<number>();
  await until('the callers are named', async () => {
    answers.add(await plaintext());
    return (await isWaiting()) && isWaiting(tcpGuard);
  });
  return answers;
}

test('while somebody calls in plaintext, it is Pending, names who calls, and refuses nobody', async () => {
  await operator.put('strict.yaml', strict('quietPeriod: 8s'));
  const ofPort = `ports: [{ port: ${tcpInbound}, mode: Strict }]`;
  await operator.put('strict-tcp.yaml', strict('quietPeriod: 8s', 'strict-tcp', 'db', ofPort));

  expect(await answersUntilWaiting()).toEqual(new Set([200]));
  expect((await programmed())?.message).toMatch(
    new RegExp(
      `^Strict is not in force on 1 port yet\\. Port ${inbound} of ExternalWorkload shop/reviews still gets plaintext: ` +
        `\\d+ calls? from 127\\.0\\.0\\.1, the last at \\S+Z\\. Strict takes effect 8s after the last call\\.`,
    ),
  );
});

test('a restart of the operator changes nothing: it does not become Strict, and still names who calls, or has a connection open', async () => {
  await operator.kill();
  await operator.start();

  expect(await answersUntilWaiting()).toEqual(new Set([200]));
  open.destroy();
});

test('when nobody calls in plaintext any more, it takes effect, and no call over mutual TLS fails', async () => {
  const load = SteadyLoad.start(outbound, closing);
  const isStrict = async (of: typeof guard | typeof tcpGuard): Promise<boolean> =>
    (await programmed(of))?.status === 'True';
  await until('they are Strict', async () => (await isStrict(guard)) && isStrict(tcpGuard));
  expect(await plaintext()).toBe(403);
  expect(await greets()).toBe(false);
  await until('they step back', async () => (await plaintext()) === 200 && greets());

  const { sent, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(sent).toBeGreaterThan(100);
});

test('the caller that came late is named, and a condition says that it stepped back', async () => {
  for (const each of [guard, tcpGuard])
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await until('the status says so', async () => (await programmed(each))?.reason === 'SteppedBack');

  const condition = await programmed();
  expect(condition).toMatchObject({ status: 'False' });
  expect((await programmed(tcpGuard))?.message).toMatch(
    /Port \d+ of ExternalWorkload shop\/db was Strict and refused plaintext \(\d+ calls? from 127\.0\.0\.1, /,
  );
  expect(condition?.message).toMatch(
    /Port \d+ of ExternalWorkload shop\/reviews was Strict and refused plaintext \(\d+ calls? from 127\.0\.0\.1, .*until there was none for 16s\./,
  );
});

test('Immediate takes effect though somebody calls, and a restart or a change to Safe opens nothing', async () => {
  expect(await plaintext()).toBe(200);
  await operator.put('strict.yaml', strict('type: Immediate'));
  await until('it is Strict', async () => (await programmed())?.status === 'True');
  expect(await plaintext()).toBe(403);

  await operator.kill();
  await operator.put('strict.yaml', strict('quietPeriod: 24h'));
  await operator.start();
  const answers = new Set<number>();
  await until('it is Strict', async () => {
    answers.add(await plaintext());
    return (await programmed())?.status === 'True' && (await programmed())?.observedGeneration === 3;
  });
  expect(answers).toEqual(new Set([403]));
});
