// Rules about paths on a real Envoy: they decide on one spelling of the path, whatever the caller writes and however an application
// may read it, and the application gets the bytes that the caller sent.
import { Agent, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { RuleIr } from '../../operator/ir/inbound.ts';
import type { RulePathIr } from '../../operator/ir/request.ts';
import { type Seen, startApplication } from '../support/data-plane/applications.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { isPlain, readingsOf } from '../support/data-plane/path-readers.ts';
import { target } from '../support/data-plane/path-targets.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRules,
  sampleInbound,
  sampleMesh,
  sampleRequest,
  sampleRule,
  sampleWorkload,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const exactly = (value: string): RulePathIr => ({ type: 'Exact', value, ignoreCase: false });
const below = (value: string): RulePathIr => ({ type: 'PathPrefix', value, ignoreCase: false });
const matching = (value: string): RulePathIr => ({ type: 'RegularExpression', value, ignoreCase: false });

function rule(...paths: readonly RulePathIr[]): RuleIr {
  return sampleRule('shop/guard/rule', 'anyone', [sampleRequest({ paths })]);
}

/** Port name → its rules: `deny` are refused, or only `allow` let in. */
const guards = {
  'deny below': { deny: [rule(below('/admin'))], allow: 'all' },
  'deny exactly': { deny: [rule(exactly('/admin'))], allow: 'all' },
  'deny matching': { deny: [rule(matching('/admin(/.*)?'))], allow: 'all' },
  'deny below, whatever the case': { deny: [rule({ ...below('/admin'), ignoreCase: true })], allow: 'all' },
  'deny matching codes': {
    deny: [rule(matching('/(%73ecret|odata/%24batch|caf%c3%a9)'))],
    allow: 'all',
  },
  'allow below': { deny: [], allow: [rule(below('/api'))] },
  'allow exactly': { deny: [], allow: [rule(exactly('/api'))] },
  'allow matching': { deny: [], allow: [rule(matching('^/api(/.*)?$'))] },
  'deny list': {
    deny: [
      rule(
        exactly('/odata/$batch'),
        exactly('/users:export'),
        exactly('/@me'),
        exactly('/a+b'),
        exactly('/f(1)'),
        below('/x=y'),
        exactly('/caf%C3%A9'),
        exactly('/my files'),
        exactly('/thé'),
        exactly('/%73ecret'),
        exactly('/a|b'),
      ),
    ],
    allow: 'all',
  },
  'no rule': noRules,
} as const;
type Guard = keyof typeof guards;

const ports = new Map<Guard, number>();
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

beforeAll(async () => {
  const application = await startApplication('echo', closing);
  const inbound = [];
  for (const [name, authorization] of Object.entries(guards)) {
    // oxlint-disable-next-line no-await-in-loop -- each port once
    const port = await freePort();
    ports.set(name as Guard, port);
    inbound.push(sampleInbound(port, application, { authorization }));
  }
  const server = sampleWorkload('server', { inbound: inbound.toSorted((a, b) => a.port - b.port) });
  await startSidecars(sampleMesh({ workloads: [server] }), closing);
  closing.add(async () => {
    agent.destroy();
  });
});

interface Outcome {
  readonly status: number;
  /** What the application saw; null: it was not asked. */
  readonly seen: Seen | null;
}

async function ask(
  guard: Guard,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const outgoing = request({ host: '127.0.0.1', port: ports.get(guard), path, headers, agent });
  const responded = once(outgoing, 'response');
  outgoing.end();
  const [response] = (await responded) as [IncomingMessage];
  const body = await text(response);
  const status = response.statusCode ?? 0;
  return { status, seen: status === 200 ? (JSON.parse(body) as Seen) : null };
}

describe('a denied path', () => {
  test.each([
    '/odata/%24batch',
    '/users%3Aexport',
    '/%40me',
    '/a%2Bb',
    '/f%281%29',
    '/x%3Dy/z',
    '/caf%c3%a9',
    '/my%20files',
    '/th%c3%a9',
    '/secret',
    '/a%7Cb',
    '/a|b',
    '//odata//$batch',
    '/odata/./$batch',
    '/x/..%2f@me',
  ])('is denied as %s', async (path) => {
    expect((await ask('deny list', path)).status).toBe(403);
  });

  test.each(['/odata/$batch2', '/users', '/me', '/a', '/f', '/x', '/cafe', '/files'])(
    'is not %s',
    async (path) => {
      expect((await ask('deny list', path)).status).toBe(200);
    },
  );

  test.each([
    ['deny below', '/admin'],
    ['deny below', '/admin/x'],
    ['deny below', '/admin;v=1/x'],
    ['deny below', '/public/%2e%2e;/admin'],
    ['deny below', '/admin/../public'],
    ['deny below', '/admin;x/../public'],
    ['deny below', '//host/admin'],
    ['deny below', String.raw`/public\..\admin`],
    ['deny below', '/public//../admin'],
    ['deny exactly', '/admin/.'],
    ['deny exactly', '/admin?x=/public'],
    ['deny matching', '/%61dmin/x'],
    ['deny matching', '//x/admin'],
    ['deny matching', '/x/..;/y'],
    ['deny matching codes', '/secret'],
    ['deny matching codes', '/odata/$batch'],
    ['deny matching codes', '/odata/%24batch'],
    ['deny matching codes', '/caf%C3%A9'],
    ['deny below', '/x/%2e%2e/y'],
    ['deny below', '/admin%00'],
    ['deny below', '/x%00'],
    ['deny below', '/x%2fy/../admin'],
    ['deny below', '/x;a\\y'],
    ['deny below', '/%c1%a1dmin'],
    ['deny exactly', '/adm%E0%81%A9n'],
    ['deny below', '/%f0%80%81%a1dmin/x'],
    ['deny below', '/%f8%80%80%81%a1dmin/x'],
    ['deny below', '/%fc%80%80%80%81%a1dmin/x'],
    ['deny below', '/x%f8%80%80%80%af..%fc%80%80%80%80%afadmin'],
    ['deny below', '/x%c0%af..%c0%afadmin'],
    ['deny below', '/public/%c0%ae%c0%ae/admin'],
    ['deny below', '/admin%c0%80.html'],
    ['deny matching', '/%c1%a1dmin/x'],
    ['deny exactly', '/admin;v=1/x'],
    ['deny below, whatever the case', '/ADMIN/x'],
    ['deny below, whatever the case', '/%41dmin;x'],
  ] as const)('%s /admin: %s is refused', async (guard, path) => {
    expect((await ask(guard, path)).status).toBe(403);
  });

  test.each([
    ['deny below', '/administrator'],
    ['deny below', '/public/../other'],
    ['deny below', '/x;y'],
    ['deny below', '/public?next=/admin'],
    ['deny exactly', '/admin/x'],
    ['deny matching', '/administrator'],
    ['deny matching', '/x;y'],
    ['deny matching', '/group%2Fproject'],
    ['deny matching', '/x//y'],
    ['deny below', '/ADMIN'],
    // Windows alone takes the dot off, and no sidecar runs there.
    ['deny below', '/admin.'],
    // 莲 in GBK, and a word in Latin-1.
    ['deny below', '/%C1%AB/x'],
    ['deny below', '/%C0%20la'],
    ['deny below, whatever the case', '/Administrator'],
  ] as const)('%s /admin: %s passes', async (guard, path) => {
    expect((await ask(guard, path)).status).toBe(200);
  });
});

describe('an allowed path', () => {
  test.each([
    ['allow below', '/api/v4/projects/group%2Fproject'],
    ['allow below', '/api/fetch/http:%2F%2Fx'],
    ['allow below', '/api//v4/x%7Cy'],
    ['allow below', '/api/cars;color=red'],
    ['allow below', '/%61pi/x'],
    ['allow below', '/api/.well-known'],
    ['allow below', '/api?x=%2F..'],
    ['allow below', '/api/%C1%AB'],
    ['allow matching', '/api/v4/group%2Fproject'],
    ['allow matching', '/api//v4'],
    ['allow exactly', '/%61%70%69?q'],
  ] as const)('%s /api: %s passes, in the bytes of the caller', async (guard, path) => {
    const { status, seen } = await ask(guard, path);

    expect({ status, url: seen?.url }).toEqual({ status: 200, url: path });
  });

  test.each([
    ['allow below', '/api/../admin'],
    ['allow below', '/admin/../api/x'],
    ['allow below', '/api%2f..%2fadmin'],
    ['allow below', '/api/..;/admin'],
    ['allow below', '//api/admin'],
    ['allow below', '/apiary'],
    ['allow exactly', '/api/'],
    ['allow exactly', '/api;x'],
    ['allow exactly', '/api//'],
    ['allow below', '/api%2Fx'],
    ['allow below', '/api;x'],
    ['allow below', '/api/x%00'],
    ['allow below', '/api/%c0%ae%c0%ae/admin'],
    ['allow below', '/api%e0%80%af..%e0%80%afadmin'],
    ['allow exactly', '/%c1%a1pi'],
  ] as const)('%s /api: %s is refused', async (guard, path) => {
    expect((await ask(guard, path)).status).toBe(403);
  });
});

describe('the headers in which the sidecar keeps what it has read', () => {
  const names = ['x-meshwright-path', 'x-meshwright-path-otherwise', 'x-meshwright-path-readings'];
  const spelled = names.flatMap((name) => [name, name.replaceAll('-', '_'), name.replace('-', '_')]);
  const lie = Object.fromEntries(
    spelled.map((name) => [name, name.endsWith('readings') ? '|/api|' : '/api']),
  );

  test.each([
    ['allow below', '/admin', 403],
    ['allow matching', '/admin', 403],
    ['allow below', '/x/..;/y', 403],
    ['deny below', '/admin', 403],
    ['deny below', '/public', 200],
    ['deny below', '/public;x', 200],
    ['no rule', '/public', 200],
  ] as const)(
    '%s: of %s they are not believed to callers, nor shown to the application',
    async (guard, path, expected) => {
      const { status, seen } = await ask(guard, path, lie);

      expect(status).toBe(expected);
      expect(Object.keys(seen?.headers ?? {}).filter((name) => /meshwright/.test(name))).toEqual([]);
    },
  );
});

test('a path that is too long to be read in all ways is refused by every rule about paths', async () => {
  const path = `/api/${'a;b/'.repeat(300)}`;

  const statuses = await Promise.all([
    ask('deny below', path),
    ask('allow below', path),
    ask('no rule', path),
  ]);

  expect(statuses.map(({ status }) => status)).toEqual([403, 403, 200]);
});

test('a long path in one reading is compared like others', async () => {
  const path = `/api/${'%41'.repeat(2000)}`;

  const statuses = await Promise.all([ask('deny below', path), ask('allow below', path)]);

  expect(statuses.map(({ status }) => status)).toEqual([200, 200]);
});

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

// oxlint-disable-next-line node/no-process-env -- the one setting of this test; CI does not set it
const seed = Number(process.env['RANDOM_SEED'] ?? 20_261_129);

/** Guard → whether a rule has to refuse a target that is read so by some application. */
const mustRefuse: Readonly<Partial<Record<Guard, (reading: string) => boolean>>> = {
  'deny below': (reading) => isBelow(reading, '/admin'),
  'deny exactly': (reading) => reading === '/admin',
  'deny matching': (reading) => isBelow(reading, '/admin'),
  'allow below': (reading) => !isBelow(reading, '/api'),
  'allow exactly': (reading) => reading !== '/api',
  'allow matching': (reading) => !isBelow(reading, '/api'),
};

test('whatever an application makes of a target: no reading of it escapes a rule, and plain ones pass as they are', async () => {
  process.stdout.write(`spellings of paths: RANDOM_SEED=${seed}\n`);
  const counts = { refused: 0, passed: 0 };
  await fc.assert(
    fc.asyncProperty(target, async (path) => {
      const readings = readingsOf(path);
      const wrong = Object.entries(mustRefuse).map(async ([guard, refuses]) => {
        const culprit = readings.find((reading) => refuses(reading.path));
        const { status, seen } = await ask(guard as Guard, path);
        if (culprit) counts.refused += 1;
        else if (status === 200) counts.passed += 1;
        if (culprit) return status === 200 ? [{ guard, ...culprit }] : [];
        const passesAsItIs = status === 200 && seen?.url === path;
        return isPlain(path) && !passesAsItIs ? [{ guard, status, seen: seen?.url }] : [];
      });
      expect((await Promise.all(wrong)).flat()).toEqual([]);
    }),
    { seed, numRuns: 3_000 },
  );
  // Of 18,000: enough of both for the property to say something.
  expect(Math.min(counts.refused, counts.passed)).toBeGreaterThan(3_000);
});
