// What explain says of access is what a real Envoy in front of the server does: hundreds of calls through SecurityPolicies made at random.
// EXPLAIN_SEED=<number> plays another game than the usual one.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { apiVersion } from '../../api/v1alpha1/common.ts';
import { type Explain, explainerOf } from '../../operator/explain/answer.ts';
import type { Access } from '../../operator/explain/access/access.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { translate } from '../../operator/translate/translate.ts';
import { calledRequest, policyFor } from '../support/arbitrary-access.ts';
import { resourcesFromYaml, translateOptions } from '../support/builders.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { call, listenOnly } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { issueKey, type IssuedKey } from '../support/data-plane/issuer.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import type { LogLine } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { withAllLines } from '../support/mesh-samples.ts';

// oxlint-disable-next-line node/no-process-env -- the one setting of this test; CI does not set it
const seed = Number(process.env['EXPLAIN_SEED'] ?? 20_261_129);
const rounds = 5;
/** As many ports as an ExternalWorkload may have. */
const slots = { HTTP: 13, TCP: 3 } as const;
const callsOfEach = 10;
const greeting = 'welcome';

const closing = new Closing();
afterAll(() => closing.close());

interface Slot {
  readonly name: string;
  readonly protocol: keyof typeof slots;
  /** Of the caller's sidecar, and of the server's. */
  readonly bindPort: number;
  readonly served: number;
}

const modes = ['Permissive', 'Strict', 'Permissive', 'Disabled'] as const;
const all: Slot[] = [];
let applications: Readonly<Record<keyof typeof slots, number>>;
let trusted: IssuedKey;
let other: IssuedKey;
/** Of the round, by Service. */
let policies: ReadonlyMap<string, object> = new Map();
let mesh: ServedMesh;
let explain: Explain;

beforeAll(async () => {
  process.stderr.write(`explain: EXPLAIN_SEED=${seed}\n`);
  applications = {
    HTTP: await startApplication('server', closing),
    TCP: await startGreeter(greeting, closing),
  };
  for (const protocol of ['HTTP', 'TCP'] as const) {
    for (let index = 0; index < slots[protocol]; index += 1) {
      const [bindPort, served] = [await freePort(), await freePort()];
      all.push({ name: `${protocol.toLowerCase()}-${index}`, protocol, bindPort, served });
    }
  }
  [trusted, other] = await Promise.all([issueKey('2026-11', 'ES256'), issueKey('2026-11', 'ES256')]);
  mesh = await ServedMesh.start(meshOf(0), closing);
});

/** With policies that only this round has. Explain knows them, too. */
function meshOf(round: number): MeshIr {
  const specs = fc.sample(policyFor(trusted, 'http-0'), { seed: seed + round, numRuns: all.length });
  policies = new Map(
    all.map(({ name }, index) => {
      // In all rounds the same: a caller goes on with connections that it has.
      const mode = modes[index % modes.length];
      return [name, { mtls: { mode }, ...specs[index] }];
    }),
  );
  const documents = [
    { apiVersion, kind: 'Mesh', metadata: { name: 'default' }, spec: {} },
    ...all.flatMap((slot) => [
      serviceOf(slot),
      {
        apiVersion,
        kind: 'SecurityPolicy',
        metadata: meta(slot.name),
        spec: { ...policies.get(slot.name), targetRefs: [{ kind: 'Service', name: slot.name }] },
      },
    ]),
    workload('server', {
      ports: all.map(({ name, served, protocol }) => ({
        name,
        port: served,
        appProtocol: protocol.toLowerCase(),
        applicationPort: applications[protocol],
      })),
    }),
    workload('productpage', {
      outbound: all.map(({ name, bindPort }) => ({ service: name, port: 80, bindPort })),
    }),
  ];
  const resources = resourcesFromYaml(
    documents.map((document) => stringify(document, { aliasDuplicateObjects: false })).join('---\n'),
  );
  const { ir } = translate(resources, translateOptions);
  if (ir === null) throw new Error('there is a Mesh');
  ({ explain } = explainerOf(resources, Date.now()));
  return withAllLines(ir);
}

function serviceOf({ name, protocol }: Slot): object {
  const ports = [{ port: 80, targetPort: name, appProtocol: protocol.toLowerCase() }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name),
    spec: {
      clusterIP: `10.96.0.${all.findIndex((slot) => slot.name === name) + 1}`,
      selector: { app: 'server' },
      ports,
    },
  };
}

function workload(name: string, parts: object): object {
  return {
    apiVersion,
    kind: 'ExternalWorkload',
    metadata: { ...meta(name), labels: { app: name } },
    spec: { address: '127.0.0.1', serviceAccount: name, ...parts },
  };
}

function meta(name: string): { readonly name: string; readonly namespace: string } {
  return { name, namespace: 'shop' };
}

const counts: Record<string, number> = {};

function count(kind: string): void {
  counts[kind] = (counts[kind] ?? 0) + 1;
}

test.each(Array.from({ length: rounds }, (_, round) => round))(
  'requests and connections of round %d are let in and refused as explain says',
  async (round) => {
    await mesh.program(meshOf(round));
    const cases = all.flatMap((slot, index) =>
      slot.protocol === 'TCP'
        ? [connected(slot, 'caller'), connected(slot, '127.0.0.1')]
        : fc
            .sample(calledRequest, { seed: seed + round * 100 + index, numRuns: callsOfEach })
            .map((one, number) => requested(slot, one, `${round}-${index}-${number}`)),
    );
    const seen = await Promise.all(cases);

    expect(seen.filter(({ observed, explained }) => !isDeepStrictEqual(observed, explained))).toEqual([]);
  },
);

test.each([
  ['Allowed', 100],
  ['Deny', 20],
  ['Allow', 20],
  ['Mtls', 20],
  ['Token', 40],
  ['a valid token', 4],
  ['Undecided', 4],
  ['a trial', 40],
  ['TCP Allowed', 1],
  ['TCP Refused', 5],
])('many of them: %s', (kind, least) => {
  expect(counts[kind]).toBeGreaterThan(least);
});

interface Compared {
  readonly asked: object;
  readonly observed: object;
  readonly explained: object;
}

type Called = typeof calledRequest extends fc.Arbitrary<infer R> ? R : never;

async function requested(slot: Slot, one: Called, id: string): Promise<Compared> {
  const to = `${slot.name}.shop:80`;
  const { method, from } = one;
  const { path, headers } = await one.withTokens({ trusted, other });
  const described = [...headers, ['x-request-id', id] as const];
  const address = from ?? 'shop/productpage';
  const { access } = explain({ from: address, to, method, path, headers: described });
  const given = Object.fromEntries([...described, ['host', to]]);
  const port = from === null ? slot.bindPort : slot.served;
  const { status } = await call(port, { method, path, headers: given, ...(from !== null && { from }) });
  const line = await mesh.sidecar('server').logged({ request_id: id, log: 'request' });
  const said = access[0]?.access;
  if (said === undefined || said === null) throw new Error('the server has a sidecar');
  const asked = { policy: policies.get(slot.name), id, method, path, given, from };
  return {
    asked,
    // What an external authorizer says is its own affair.
    observed: { status: said.verdict.type === 'Undecided' ? 0 : status, ...observedIn(line) },
    explained: explainedOf(said),
  };
}

function observedIn(line: LogLine): object {
  const said = (line['authorization'] ?? {}) as Readonly<Record<string, string>>;
  const deny = said['deny_enforced_effective_policy_id'] ?? 'none';
  const asked = said['external_shadow_effective_policy_id'] ?? 'none';
  return {
    deny,
    asked,
    allow: asked === 'none' && deny === 'none' ? (said['allow_enforced_effective_policy_id'] ?? 'none') : '',
    trials: ['deny', 'allow'].flatMap((kind) =>
      said[`audit_${kind}_shadow_engine_result`] === 'denied'
        ? [said[`audit_${kind}_shadow_effective_policy_id`] ?? 'none']
        : [],
    ),
  };
}

function explainedOf({ verdict, onTrial, token }: Access): object {
  const trials = onTrial.map(({ rule }) => rule ?? 'none');
  count(verdict.type === 'Refused' ? verdict.by : verdict.type);
  if (onTrial.length > 0) count('a trial');
  if (token?.sent === 'Valid') count('a valid token');
  switch (verdict.type) {
    case 'Allowed':
      return { status: 200, deny: 'none', asked: 'none', allow: verdict.rule ?? 'none', trials };
    case 'Undecided':
      return { status: 0, deny: 'none', asked: verdict.asks.at(-1) ?? verdict.reason, allow: '', trials };
    case 'Refused': {
      const { by, status, rule } = verdict;
      const [deny, asked] = [by === 'Deny' ? rule : 'none', by === 'Authorizer' ? rule : 'none'];
      return { status, deny, asked, allow: deny === asked ? 'none' : '', trials };
    }
  }
}

async function connected({ name, bindPort, served }: Slot, from: string): Promise<Compared> {
  const isMeshed = from === 'caller';
  const question = { to: `${name}.shop:80`, method: 'GET', path: '/', headers: [] };
  const { access } = explain({ ...question, from: isMeshed ? 'shop/productpage' : from });
  const heard = await listenOnly(isMeshed ? bindPort : served, greeting.length);
  const type = access[0]?.access?.verdict.type ?? '';
  count(`TCP ${type}`);
  return {
    asked: { policy: policies.get(name), from },
    observed: { type: heard === greeting ? 'Allowed' : 'Refused' },
    explained: { type },
  };
}
