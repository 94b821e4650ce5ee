// What the head of an example says, each line as a check that fails if it is not so. Entry: checksOf.
import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Seen } from '../data-plane/applications.ts';
import { type Answer, call } from '../data-plane/callers.ts';
import { clientHello, sharesOf } from '../data-plane/first-word.ts';
import { toleranceOf } from '../data-plane/shares.ts';
import { poll } from '../kubernetes/poll.ts';
import { type ConnectionExpectation, connectionsOf } from './connections.ts';
import { type Expectation, expectationsOf, type SeveralCalls } from './expectations.ts';
import type { ExampleShop } from './shop.ts';

export interface Check {
  readonly title: string;
  /** @param soonMs how long it may take until things that take time are so; 0: they are tried once */
  readonly check: (shop: ExampleShop, soonMs: number) => Promise<void>;
}

interface Draws {
  readonly calls: number;
  /** How far a share may be from what is expected, in standard deviations. */
  readonly deviations: number;
}

/** Enough to tell 10 % from 20 %, and there are so many shares that five standard deviations would come by chance. */
const draws: Draws = { calls: 1200, deviations: 7 };
/** While an endpoint is young, its share changes by the second; what comes by chance is tried again. */
const drawsOfYoung: Draws = { calls: 600, deviations: 5 };
const callsAtOnce = 100;
/** So often, one of three versions hardly answers each time by chance. */
const timesInTurn = 8;

/** In their order: each may need what those before it did. */
export function checksOf(example: string): readonly Check[] {
  const jar: Jar = { cookie: '', keeper: null };
  return [
    ...expectationsOf(example).map((expectation) =>
      titled(expectation.line, (shop, soonMs) => new ExampleCall(shop, expectation, jar).check(soonMs)),
    ),
    ...connectionsOf(example).map((expectation) =>
      titled(expectation.line, (shop) => expectConnections(shop, expectation)),
    ),
  ];
}

function titled(line: string, check: Check['check']): Check {
  return { title: line.replace(/^# +/, ''), check };
}

async function expectConnections(
  shop: ExampleShop,
  { caller, service, serverName, from }: ConnectionExpectation,
): Promise<void> {
  const hello = serverName === null ? null : await clientHello(serverName);
  const calls = from.length > 1 ? draws.calls : timesInTurn;
  const shares = await sharesOf(shop.portOf(service, caller), calls, hello);
  expectSharesNear(shares, from, draws);
}

/** Of the calls of an example that have it. */
interface Jar {
  cookie: string;
  /** Who answered the first of them. */
  keeper: string | null;
}

class ExampleCall {
  readonly #shop: ExampleShop;
  readonly #expected: Expectation;
  readonly #jar: Jar;

  constructor(shop: ExampleShop, expected: Expectation, jar: Jar) {
    this.#shop = shop;
    this.#expected = expected;
    this.#jar = jar;
  }

  async check(soonMs: number): Promise<void> {
    if (this.#expected.isScaled) {
      // Where endpoints are young themselves, another one is not told from them.
      return passes(async () => {
        await this.#shop.startAnother();
        await this.#checkNow();
      }, soonMs);
    }
    if (this.#expected.isSoon) return passes(() => this.#expectTimes(5 * timesInTurn), soonMs);
    return this.#checkNow();
  }

  async #checkNow(): Promise<void> {
    const { several, isSteady, from, copiedTo, logged } = this.#expected;
    if (several !== null) await this.#expectSeveral(several);
    else if (isSteady) await this.#expectSteadiness();
    else if (from.length > 1) await this.#expectShares();
    else await this.#expectTimes(isQuick(this.#expected) ? timesInTurn : 1);
    if (copiedTo.length > 0) await this.#expectCopies();
    if (logged.length > 0) await this.#expectLogged();
  }

  async #made(more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { from, service, headers, jar: hasJar, ...request } = this.#expected.call;
    const cookie = hasJar && this.#jar.cookie !== '' ? { cookie: this.#jar.cookie } : {};
    const answer = await call(this.#shop.portOf(service, from), {
      ...request,
      headers: { host: `${service}:9080`, ...headers, ...cookie, ...more },
    });
    const [set] = answer.headers['set-cookie'] ?? [];
    if (hasJar && set !== undefined) this.#jar.cookie = set.split(';')[0] ?? '';
    return answer;
  }

  async #expectTimes(times: number): Promise<void> {
    // oxlint-disable-next-line no-await-in-loop -- in turn
    for (let made = 0; made < times; made += 1) await this.#expectOutcome();
  }

  async #expectOutcome(): Promise<void> {
    const begun = performance.now();
    const answer = await this.#made();
    const took = performance.now() - begun;
    const { status, from, afterMs, withinMs, response, seen } = this.#expected;

    const heard = Object.fromEntries(response.map(([name]) => [name, answer.headers[name.toLowerCase()]]));
    expect({ status: answer.status, ...heard }).toEqual({ status, ...Object.fromEntries(response) });
    // Timers of Node and of Envoy end a little early: milliseconds are rounded where time begins and where it ends.
    expect(took).toBeGreaterThanOrEqual(afterMs - 5);
    expect(took).toBeLessThanOrEqual(withinMs);
    if (from.length === 0 && seen.length === 0) return;
    const { app, path, method, headers } = sightOf(answer);
    const sight: Readonly<Record<string, unknown>> = { ...headers, path, method };
    expect({ app, ...Object.fromEntries(seen.map(([name]) => [name, sight[name.toLowerCase()]])) }).toEqual({
      app: from[0]?.version ?? app,
      ...Object.fromEntries(seen),
    });
  }

  /** Nobody waits for copies: they come when they come. */
  async #expectCopies(): Promise<void> {
    const id = randomUUID();
    await this.#made({ 'x-request-id': id });
    const expected = this.#expected.copiedTo.toSorted();
    const copies = (): readonly string[] => [...this.#shop.copiesOf(id)].toSorted();
    await poll(() => Promise.resolve(copies().length >= expected.length || undefined), {
      intervalMs: 10,
      deadlineMs: 60_000,
    });
    expect(copies()).toEqual(expected);
  }

  async #expectLogged(): Promise<void> {
    const id = randomUUID();
    await this.#made({ 'x-request-id': id });
    const { authorization } = await this.#shop.ratings.logged({ request_id: id });
    expect(authorization).toMatchObject(Object.fromEntries(this.#expected.logged));
  }

  async #expectSeveral({ count, atOnce, statuses, connections }: SeveralCalls): Promise<void> {
    const counts: Record<string, number> = {};
    const seenConnections = new Set<unknown>();
    const countOne = async (): Promise<void> => {
      const { status, headers } = await this.#made();
      counts[status] = (counts[status] ?? 0) + 1;
      seenConnections.add(headers['x-connection']);
    };
    if (atOnce) await Promise.all(Array.from({ length: count }, countOne));
    // oxlint-disable-next-line no-await-in-loop -- in turn
    else for (let sent = 0; sent < count; sent += 1) await countOne();
    const expected = Object.entries(statuses).map(([status, times]) => {
      const counted = counts[status];
      const isExpected = counted !== undefined && (times.length === 0 || times.includes(counted));
      return [status, isExpected ? counted : times.join(' or ') || 'some'];
    });
    expect(counts).toEqual(Object.fromEntries(expected));
    expect(seenConnections.size).toBeGreaterThanOrEqual(connections);
  }

  /** With a jar, it is whoever answered the first call with it. */
  async #expectSteadiness(): Promise<void> {
    const first = await this.#made();
    const { status, call: described } = this.#expected;
    const keeper = (described.jar ? this.#jar.keeper : null) ?? sightOf(first).app;
    if (described.jar) this.#jar.keeper = keeper;
    const others = await Promise.all(Array.from({ length: 20 }, () => this.#made()));
    const answers = [first, ...others];
    expect(answers.filter((answer) => answer.status !== status)).toEqual([]);
    expect([...new Set(answers.map((answer) => sightOf(answer).app))]).toEqual([keeper]);
  }

  async #expectShares(): Promise<void> {
    const counts: Record<string, number> = {};
    const drawn = this.#expected.isScaled ? drawsOfYoung : draws;
    const versions = new Set(this.#expected.from.map(({ version }) => version));
    for (let made = 0; made < drawn.calls; made += callsAtOnce) {
      // oxlint-disable-next-line no-await-in-loop -- so many at once
      const answers = await Promise.all(Array.from({ length: callsAtOnce }, () => this.#made()));
      for (const answer of answers) {
        const { app } = sightOf(answer);
        counts[app] = (counts[app] ?? 0) + 1;
      }
      expect(Object.keys(counts).filter((app) => !versions.has(app))).toEqual([]);
    }
    const percent = ([app, count]: [string, number]) => [app, (count / drawn.calls) * 100] as const;
    expectSharesNear(Object.fromEntries(Object.entries(counts).map(percent)), this.#expected.from, drawn);
  }
}

/** Resolves when it does; rejects with why it did not at last. */
async function passes(check: () => Promise<void>, deadlineMs: number): Promise<void> {
  const end = Date.now() + deadlineMs;
  const ask = (): Promise<true | undefined> =>
    check().then(
      () => true,
      (error: unknown) => {
        if (Date.now() >= end) throw error;
        return undefined;
      },
    );
  await poll(ask, { intervalMs: 50, deadlineMs: Infinity });
}

/** A call costs milliseconds, and what comes of it would sometimes come by chance. */
function isQuick({ from, afterMs, withinMs }: Expectation): boolean {
  return afterMs === 0 && (from.length > 0 || withinMs < Infinity);
}

function expectSharesNear(
  shares: Readonly<Record<string, number>>,
  expected: ConnectionExpectation['from'],
  { calls, deviations }: Draws,
): void {
  expect(Object.keys(shares).toSorted()).toEqual(expected.map(({ version }) => version).toSorted());
  for (const { version, percentage } of expected)
    expect(Math.abs((shares[version] ?? 0) - percentage)).toBeLessThan(
      toleranceOf(percentage, calls, deviations),
    );
}

function sightOf({ body }: Answer): Pick<Seen, 'app' | 'method' | 'headers'> & { readonly path: string } {
  const { app, url, method, headers } = JSON.parse(body) as Seen;
  return { app, path: url, method, headers };
}
