// Policies made at random, judged by real Envoys: whatever a user writes, the operator goes on, every policy learns
// how it fared, and what Envoy refuses is told as refused. RANDOM_SEED=<number> plays another game than the usual one.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parse, stringify } from 'yaml';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { createSidecarFolder, hasCertificate } from '../../demo/mesh/sidecar-folder.ts';
import { reservePorts } from '../../demo/process/ports.ts';
import { operatorSpiffeId } from '../../operator/certificates/identity.ts';
import { renderBootstrap } from '../../operator/infra/bootstrap.ts';
import { objectFileName } from '../../operator/platform/files/state/object-files.ts';
import type { ProxyReport } from '../../operator/xds/session/proxy-report.ts';
import { formatNodeId } from '../../operator/values/node-id.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { SteadyLoad } from '../support/data-plane/steady-load.ts';
import { inItsFolder } from '../support/data-plane/sidecars.ts';
import { type EnvoyProcess, startEnvoy } from '../support/envoy.ts';
import { type Child, startChild } from '../support/kubernetes/child.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { trafficPolicySpec } from '../support/arbitraries.ts';
import { choices, mistaken, mistakeNames } from '../support/random-mesh/mistakes.ts';
import {
  meshDocuments,
  namespace,
  portsNeeded,
  type PolicyDocument,
  servers,
  serviceOf,
  type Slot,
  spoiltPolicy,
  trustDomain,
  validPolicy,
} from '../support/random-mesh.ts';

// oxlint-disable-next-line node/no-process-env -- the one setting of this test; CI does not set it
const seed = Number(process.env['RANDOM_SEED'] ?? 20_261_123);
const batchSize = 40;
const batches = 10;
const workloads = [...servers, 'caller'];
/** The canaries' service, and that of what only Envoy refuses: no slot has them. */
const canaryService = serviceOf(batchSize);
const refusedService = serviceOf(batchSize + 1);

const closing = new Closing();
const envoys: EnvoyProcess[] = [];
let root: string;
let operator: Child;
let admin: string;
let xdsPort: number;
/** Of calls to a Service in a namespace without policies. */
let load: SteadyLoad;

beforeAll(async () => {
  process.stderr.write(`random policies: RANDOM_SEED=${seed}\n`);
  root = await mkdtemp(join(tmpdir(), 'meshwright-random-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  await Promise.all(['mesh', 'state', 'sidecars'].map((folder) => mkdir(join(root, folder))));
  // Not from the range of outgoing connections: no listener may find its port taken when it is built anew.
  const ports = await reservePorts(portsNeeded(batchSize + 2) + 1);
  closing.add(() => ports.release());
  const steady = {
    name: 'steady',
    applicationPort: await startApplication('steady', closing),
    bindPort: ports.take(),
  };
  await write(
    'mesh',
    meshDocuments(batchSize + 2, () => ports.take(), [steady]),
  );
  await write('canaries', canaries);
  // The next operator is to have it, too.
  xdsPort = await startOperator({ xdsPort: await freePort(), options: ['--skip-check', 're2'] });
  envoys.push(...(await Promise.all(workloads.map((name) => startSidecar(name)))));
  await atRest(new Map());
  load = SteadyLoad.start(steady.bindPort, closing);
});
afterAll(() => closing.close());

/** Old, plain, and targeted by nobody else. */
const canaries: readonly PolicyDocument[] = [
  {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { namespace, name: 'canary' },
    spec: {
      targetRefs: [{ kind: 'Service', name: canaryService }],
      routes: [{ timeout: { request: '3s' } }],
    },
  },
  {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { namespace, name: 'canary' },
    spec: {
      targetRefs: [{ kind: 'Service', name: canaryService }],
      mtls: { mode: 'Strict', transition: { type: 'Immediate' } },
    },
  },
];

async function write(file: string, documents: readonly object[]): Promise<void> {
  const text = documents.map((document) =>
    stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  await writeFile(join(root, 'mesh', `${file}.yaml`), text.join('---\n'));
}

async function startOperator(how: {
  readonly xdsPort: number;
  readonly options: readonly string[];
}): Promise<number> {
  const ready = join(root, 'ready.json');
  const places = ['--platform', 'files', '--files', join(root, 'mesh'), '--state', join(root, 'state')];
  await rm(ready, { force: true });
  const ports = ['--admin-address', '127.0.0.1:0', '--xds-address', `127.0.0.1:${how.xdsPort}`];
  const more = ['--ready-file', ready, '--log-level', 'warn', ...how.options];
  operator = await startChild(
    [process.execPath, 'operator/main.ts', ...places, ...ports, ...more],
    logFile(),
  );
  closing.add(() => operator.kill());
  const look = async (): Promise<string | undefined> => {
    if (!operator.running()) throw new Error(`The operator has ended: ${await operator.tail()}`);
    return readFile(ready, 'utf8').catch(() => undefined);
  };
  const text = await poll(look, { intervalMs: 50, deadlineMs: 60_000 }).catch(async (error: unknown) => {
    throw new Error(`The operator is not ready: ${await operator.tail()}`, { cause: error });
  });
  const said = JSON.parse(text) as { xdsPort: number; adminPort: number };
  admin = `http://127.0.0.1:${said.adminPort}`;
  return said.xdsPort;
}

function logFile(): string {
  return join(root, 'operator.log');
}

async function startSidecar(name: string): Promise<EnvoyProcess> {
  const dir = join(root, 'sidecars', name);
  const secrets = join(root, 'state/secrets', namespace, `meshwright-${name}`);
  await poll(() => Promise.resolve(hasCertificate(secrets) || undefined), {
    intervalMs: 50,
    deadlineMs: 60_000,
  });
  const serverSpiffeId = operatorSpiffeId(trustDomain, 'meshwright-system');
  const bootstrap = {
    nodeId: formatNodeId({ kind: 'ExternalWorkload', namespace, name, uid: '' }),
    cluster: 'default',
    xds: { address: '127.0.0.1', port: xdsPort, serverSpiffeId },
    adminPort: 0,
  };
  createSidecarFolder(dir, secrets, bootstrap);
  const envoy = await startEnvoy({
    bootstrap: JSON.stringify(renderBootstrap(bootstrap)),
    dir,
    ...inItsFolder(dir),
    // Listeners that were replaced are gone soon: there are many of them.
    args: ['--log-level', 'warning', '--drain-time-s', '1'],
  });
  closing.add(() => envoy.stop());
  await envoy.waitFor(() => envoy.ready());
  return envoy;
}

interface Status {
  readonly conditions: readonly Condition[];
}

/** Policies by `Kind/name`, with the generation that their status has to speak of. */
type Expected = ReadonlyMap<string, number>;

async function statusOf(key: string): Promise<Status | undefined> {
  const [kind = '', name = ''] = key.split('/');
  const ref = { kind: kind as PolicyDocument['kind'], namespace, name };
  const file = join(root, 'state/status', objectFileName(ref, '.yaml'));
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { status } = parse(text) as { readonly status: Status };
  return status;
}

/** Waits until every policy has its status, no proxy has anything to do, and says what the statuses are. */
async function atRest(expected: Expected): Promise<ReadonlyMap<string, Status>> {
  let late: readonly string[] = [];
  const look = async (): Promise<ReadonlyMap<string, Status> | undefined> => {
    if (!operator.running()) throw new Error(`The operator has ended: ${await operator.tail()}`);
    const proxies = (await (await fetch(`${admin}/debug/proxies`)).json()) as readonly ProxyReport[];
    const keys = [...expected.keys(), ...canaries.map((it) => keyOf(it))];
    const statuses = new Map<string, Status>();
    const read = keys.map(async (key) => {
      const status = await statusOf(key);
      if (status !== undefined) statuses.set(key, status);
    });
    await Promise.all(read);
    late = keys.filter((key) => !isSettled(statuses.get(key), expected.get(key) ?? 1));
    const resting = proxies.length === workloads.length && proxies.every((it) => it.atRest);
    return resting && late.length === 0 ? statuses : undefined;
  };
  try {
    return await poll(look, { intervalMs: 50, deadlineMs: 100_000 });
  } catch (error) {
    const some = late.slice(0, 5);
    const details = await Promise.all(
      some.map(async (key) => `${key}: ${JSON.stringify(await statusOf(key))}`),
    );
    throw new Error(`${String(error)}: ${late.length} late: ${details.join('\n')}`, { cause: error });
  }
}

function isSettled(status: Status | undefined, generation: number): boolean {
  return (
    status !== undefined &&
    status.conditions.every((it) => it.observedGeneration === generation) &&
    (conditionOf(status, 'Programmed')?.reason !== 'Pending' || waitsForStrict(status))
  );
}

/** For a day, if a policy says so: until nobody calls in plaintext. */
function waitsForStrict(status: Status | undefined): boolean {
  return conditionOf(status, 'Programmed')?.message.startsWith('Strict is not in force on ') === true;
}

function keyOf({ kind, metadata }: PolicyDocument): string {
  return `${kind}/${metadata.name}`;
}

function slots(batch: number): readonly Slot[] {
  return Array.from({ length: batchSize }, (_, at) => ({
    kind: at % 2 === 0 ? 'TrafficPolicy' : 'SecurityPolicy',
    // Some are new objects in each batch, at the bounds of what a name may be; the others go on with a new generation.
    name: at % 8 < 2 ? `${batch}-${at}-${'x'.repeat(240)}` : `policy-${at}`,
    service: serviceOf(at),
  }));
}

/** Counts as an API server does: from 1, one more with each change of the spec. */
class Generations {
  #known = new Map<string, { spec: string; generation: number }>();

  of(policies: readonly PolicyDocument[]): Expected {
    const next = new Map<string, { spec: string; generation: number }>();
    for (const policy of policies) {
      const key = keyOf(policy);
      const before = this.#known.get(key);
      const spec = canonical(parse(stringify({ spec: policy.spec }))) ?? '';
      const generation = (before?.generation ?? 0) + (before?.spec === spec ? 0 : 1);
      next.set(key, { spec, generation });
    }
    this.#known = next;
    return new Map([...next].map(([key, { generation }]) => [key, generation]));
  }
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

async function refusals(): Promise<number> {
  const counters = await Promise.all(envoys.map((envoy) => envoy.stats('update_rejected$')));
  return counters.flatMap((all) => Array.from(all.values())).reduce((sum, value) => sum + value, 0);
}

function conditionOf(status: Status | undefined, type: string): Condition | undefined {
  return status?.conditions.find((it) => it.type === type);
}

const whys = new Set(['Rejected', 'InvalidOutput', 'NotAccepted', 'NoProxies']);

/** Empty if the status says that the policy is in force, or why it is not. */
function complaint(key: string, status: Status | undefined): readonly string[] {
  const accepted = conditionOf(status, 'Accepted');
  const programmed = conditionOf(status, 'Programmed');
  const isTold =
    programmed?.status === 'True'
      ? accepted?.status === 'True'
      : (whys.has(programmed?.reason ?? '') || waitsForStrict(status)) &&
        (programmed?.reason === 'NotAccepted') === (accepted?.status === 'False');
  const isSaid = status?.conditions.every(({ message }) => /^\S.*[.!?…)]$/s.test(message)) === true;
  return isTold && isSaid ? [] : [`${key}: ${JSON.stringify(status)}`];
}

const seen = new Map<string, number>();
const generations = new Generations();

interface Outcome {
  /** What /readyz says. */
  readonly ready: string;
  readonly canaries: readonly (string | undefined)[];
  /** Policies whose status tells nothing, or not enough. */
  readonly complaints: readonly string[];
  /** How often an Envoy refused something that no status knows of. */
  readonly untold: number;
}

async function play(batch: number): Promise<Outcome> {
  const make = batch < batches / 2 ? validPolicy : spoiltPolicy;
  const policies = slots(batch).map(
    (slot, at) => fc.sample(make(slot), { numRuns: 1, seed: seed + batch * 1000 + at })[0] as PolicyDocument,
  );
  const before = await refusals();
  await Promise.all(policies.map((policy, at) => write(`slot-${at}`, [policy])));
  await writeFile(join(root, 'mesh', 'broken.yaml'), `${batch}: [ {"\u0000`);
  const statuses = await atRest(generations.of(policies));
  const reasons = [...statuses].map(([key, status]) => note(key, status));
  return {
    ready: await (await fetch(`${admin}/readyz`)).text(),
    canaries: canaries.map((it) => conditionOf(statuses.get(keyOf(it)), 'Programmed')?.status),
    complaints: [...statuses].flatMap(([key, status]) => complaint(key, status)),
    untold: reasons.includes('Rejected') ? 0 : (await refusals()) - before,
  };
}

/** Counts the reason, and shows what Envoy or our own checks found, as no one policy here is meant to come so far. */
function note(key: string, status: Status): string {
  const { reason = '', message = '' } = conditionOf(status, 'Programmed') ?? {};
  seen.set(reason, (seen.get(reason) ?? 0) + 1);
  if (reason === 'Rejected' || reason === 'InvalidOutput')
    process.stderr.write(`  ${key.slice(0, 40)}: ${message}\n`);
  return reason;
}

describe('what only Envoy refuses, since our own checks are left out', () => {
  afterAll(async () => {
    await operator.kill();
    await startOperator({ xdsPort, options: [] });
    await atRest(new Map());
  });

  const unknownToEnvoy = String.raw`\p{LC}`;
  const target = { kind: 'Service', name: refusedService };
  const policies: readonly PolicyDocument[] = [
    {
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'TrafficPolicy',
      metadata: { namespace, name: 'refused' },
      spec: {
        targetRefs: [target],
        routes: [
          {
            name: 'stable',
            matches: [{ headers: [{ type: 'RegularExpression', name: 'x-a', value: 'a+' }] }],
          },
          {
            name: 'canary',
            matches: [
              { method: 'GET' },
              {
                headers: [
                  { name: 'x-b', value: unknownToEnvoy },
                  { type: 'RegularExpression', name: 'x-c', value: `${unknownToEnvoy}+` },
                ],
              },
            ],
          },
        ],
      },
    },
    {
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: { namespace, name: 'refused' },
      spec: {
        targetRefs: [target],
        authorization: {
          rules: [
            { name: 'no-qa', action: 'Deny', to: [{ paths: [{ value: '/qa' }] }] },
            {
              name: 'no-letters',
              action: 'Deny',
              to: [
                { methods: ['GET'] },
                { paths: [{ type: 'RegularExpression', value: `/${unknownToEnvoy}` }] },
              ],
            },
          ],
        },
      },
    },
  ];

  test('is told with the route, the rule and the field that it comes from', async () => {
    await write('refused', policies);

    const statuses = await atRest(generations.of(policies));
    const told = policies.map((policy) => conditionOf(statuses.get(keyOf(policy)), 'Programmed'));

    expect(told.map((condition) => condition?.reason)).toEqual(['Rejected', 'Rejected']);
    expect(told.map((condition) => /Fix (.*?)\. Ext/.exec(condition?.message ?? '')?.[1])).toEqual([
      'spec.routes[1].matches[1].headers[1].value (route "canary")',
      'spec.authorization.rules[1].to[1].paths[0].value (rule "no-letters")',
    ]);
    await rm(join(root, 'mesh', 'refused.yaml'));
  });
});

test.each(Array.from({ length: batches }, (_, at) => at))(
  'batch %i: the operator goes on, and every policy learns how it fared',
  async (batch) => {
    const outcome = await play(batch);

    expect(outcome).toEqual({ ready: 'ready\n', canaries: ['True', 'True'], complaints: [], untold: 0 });
  },
);

/** HTTP services only: there, every field has an effect. */
const httpSlots = Array.from({ length: batchSize }, (_, at) => at).filter((at) => at % 5 !== 4);
const mistakesMade = 304;
const mistakeBatches = Math.ceil(mistakesMade / httpSlots.length);

describe('mistakes in policies that were valid', () => {
  const refused = new Map<string, number>();
  const told = new Map<string, number>();

  beforeAll(async () => {
    await write('broken', []);
    await Promise.all(slots(0).map((_, at) => write(`slot-${at}`, [])));
  });

  test.each(Array.from({ length: mistakeBatches }, (_, at) => at))(
    'batch %i: each is refused, or a condition says what is wrong',
    async (batch) => {
      const made = httpSlots.map((slot, at) => mistakeAt(slot, batch * httpSlots.length + at));
      const policies = made.map(({ policy }) => policy);
      await write('mistakes', policies);
      const statuses = await atRest(generations.of(policies));

      const silent = made.filter(({ name, policy }) => {
        const status = statuses.get(keyOf(policy));
        const isRefused = conditionOf(status, 'Accepted')?.reason === 'Invalid';
        const counts = isRefused ? refused : told;
        counts.set(name, (counts.get(name) ?? 0) + 1);
        return !isRefused && !isComplaint(status);
      });
      expect(silent).toEqual([]);
      expect(policies.flatMap((policy) => complaint(keyOf(policy), statuses.get(keyOf(policy))))).toEqual([]);
    },
  );

  test('300 were made, of every kind; canaries and calls to other Services did not notice', async () => {
    const counts = { refused: Object.fromEntries(refused), told: Object.fromEntries(told) };
    process.stderr.write(`mistakes: ${JSON.stringify(counts)}; ${load.sent} calls\n`);
    const statuses = await atRest(new Map());

    const sum = [...refused.values(), ...told.values()].reduce((all, one) => all + one, 0);
    expect(sum).toBeGreaterThanOrEqual(300);
    expect(new Set([...refused.keys(), ...told.keys()]).size).toBe(mistakeNames.length);
    expect(canaries.map((it) => conditionOf(statuses.get(keyOf(it)), 'Programmed')?.status)).toEqual([
      'True',
      'True',
    ]);
  });
});

function mistakeAt(slot: number, number: number): { readonly name: string; readonly policy: PolicyDocument } {
  const valid = fc.sample(
    trafficPolicySpec().filter(({ routes }) => routes.length > 0),
    {
      numRuns: 1,
      seed: seed + number,
    },
  )[0];
  const [choice = []] = fc.sample(choices, { numRuns: 1, seed: seed + number });
  const targeted = { ...valid, targetRefs: [{ kind: 'Service', name: serviceOf(slot) }] };
  const { name, spec } = mistaken(targeted, number, choice);
  const metadata = { namespace, name: `mistake-${slot}` };
  return { name, policy: { apiVersion: 'meshwright.dev/v1alpha1', kind: 'TrafficPolicy', metadata, spec } };
}

/** Whether a condition says that not all is well. */
function isComplaint(status: Status | undefined): boolean {
  return (
    status?.conditions.some(({ type, status: is }) => is === (type === 'Warning' ? 'True' : 'False')) === true
  );
}

test('in all this no call to a Service in another namespace failed', async () => {
  const { sent, failures } = await load.stop();

  expect(failures).toEqual([]);
  expect(sent).toBeGreaterThan(500);
});

test('most of what is valid was in force, and no stage failed', async () => {
  const log = await readFile(logFile(), 'utf8');
  process.stderr.write(`random policies: ${JSON.stringify(Object.fromEntries(seen))}\n`);

  expect(seen.get('Programmed') ?? 0).toBeGreaterThan((batchSize * batches) / 4);
  expect(log.split('\n').filter((line) => /"level":[56]0/.test(line))).toEqual([]);
});
