// `make bench S=quotas`: what dividing quotas costs the leader, how exactly real Envoys keep to them, and what ever new keys do. See ../README.md.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { QuotaIr } from '../../../operator/ir/inbound.ts';
import { quotaKey } from '../../../operator/ir/quota.ts';
import { Closing } from '../../support/data-plane/closing.ts';
import { everything, QuotaMesh } from '../../support/data-plane/quota-mesh.ts';
import { until } from '../../support/until.ts';
import { type Figures, rowsOf } from '../figures.ts';
import { portOf, startAnswering } from '../sidecar/load.ts';
import { tableOf } from '../table.ts';
import { benchLedger } from './ledger.ts';
import { loadQuotas } from './load.ts';

const targets: Readonly<Record<string, number>> = {
  'us/bucket': 100,
  'off % of a caller': 5,
  'off % of all': 5,
  'keys told apart': 3_003,
};

export async function benchQuotas(rounds: number): Promise<void> {
  const played: (readonly [string, readonly Figures[]])[] = [...benchLedger(rounds)];
  const closing = new Closing();
  try {
    const application = await startAnswering();
    closing.add(() => Promise.resolve(void application.close()));
    const mesh = await QuotaMesh.start(closing, { application: portOf(application), servers: 3 });
    played.push(['20 callers, 3 servers, 2 replicas', [await accuracy(mesh)]]);
    played.push(['100,000 values of a header', [await newKeys(mesh)]]);
    played.push(['requests that cost more', [await costs(mesh)]]);
  } finally {
    await closing.close();
  }
  const rows = played.flatMap(([scenario, runs]) =>
    rowsOf(runs).map((row) => ({ ...row, scenario, target: targets[row.figure] })),
  );
  process.stdout.write(tableOf('Quotas', rows));
}

function quotaOf(parts: Partial<QuotaIr>): QuotaIr {
  return {
    id: 'shop/reviews/per-user',
    service: 'shop/reviews',
    match: everything,
    per: { header: 'x-user' },
    cost: null,
    requests: 100,
    periodMs: 3_600_000,
    window: 'Fixed',
    burst: null,
    isEnforced: true,
    whenUnavailable: 'Share',
    ...parts,
  };
}

const callers = 20;
const windowMs = 10_000;

/** Windows of ten seconds, but for the first, in which servers begin to know how much they are asked. */
async function accuracy(mesh: QuotaMesh): Promise<Figures> {
  const quota = quotaOf({ id: 'shop/reviews/accuracy', requests: 200, periodMs: windowMs });
  await mesh.program([quota]);
  const firstMs = Math.ceil(Date.now() / windowMs) * windowMs + windowMs;
  const endMs = firstMs + 3 * windowMs;
  const admitted = new Map<string, number>();
  let requests = 0;
  await loadQuotas({
    port: mesh.ports.page,
    connections: callers,
    userOf: (caller) => (Date.now() < endMs ? `caller-${caller}` : null),
    answered: ({ connection, status, sentMs }) => {
      const window = Math.floor((sentMs - firstMs) / windowMs);
      if (window < 0) return;
      requests += 1;
      const key = `${connection} ${window}`;
      if (status === 200) admitted.set(key, (admitted.get(key) ?? 0) + 1);
    },
  });
  const counts = [...admitted.values()];
  const offs = counts.map((count) => (100 * Math.abs(count - quota.requests)) / quota.requests);
  const all = counts.reduce((sum, count) => sum + count, 0) / (callers * 3 * quota.requests);
  return {
    'requests/s': requests / 30,
    'off % of a caller': offs,
    'most off % of a caller': Math.max(...offs),
    'off % of all': Math.abs(100 * (all - 1)),
  };
}

const values = 100_000;

async function newKeys(mesh: QuotaMesh): Promise<Figures> {
  const quota = quotaOf({ id: 'shop/reviews/abuse' });
  await mesh.program([quota]);
  const before = envoyMb();
  let [sent, mostMb] = [0, 0];
  await loadQuotas({
    port: mesh.ports.page,
    connections: callers,
    userOf: () => (sent < values ? `value-${(sent += 1)}` : null),
    answered: () => {
      if (sent % 1_000 === 0) mostMb = Math.max(mostMb, envoyMb());
    },
  });
  await until('it is said how many keys there are', () => keysOf(mesh, quota) > 0);
  return {
    'keys told apart': keysOf(mesh, quota),
    'reports of buckets': mesh.reportsOf(quotaKey(quota)),
    'Envoys MB before': before,
    'Envoys MB more at most': mostMb - before,
  };
}

function keysOf(mesh: QuotaMesh, quota: QuotaIr): number {
  const name = quota.id.slice(quota.id.lastIndexOf('/') + 1);
  return mesh.board.quotaReports.get().find((one) => one.quota === name)?.keys ?? 0;
}

/** What a unit of a cost is to Envoy: requests of one unit and of ten, in turns. */
async function costs(mesh: QuotaMesh): Promise<Figures> {
  const cost = { header: 'x-user', default: 1, maximum: 10 };
  await mesh.program([quotaOf({ id: 'shop/reviews/costs', per: 'All', cost, requests: 1_000_000 })]);
  const requests = 5_000;
  const usOf = async (units: number): Promise<number> => {
    const before = envoyUs();
    let sent = 0;
    await loadQuotas({
      port: mesh.ports.page,
      connections: 4,
      userOf: () => ((sent += 1) <= requests ? String(units) : null),
      answered: () => undefined,
    });
    return (envoyUs() - before) / requests;
  };
  const [ofOne, ofTen]: readonly [number[], number[]] = [[], []];
  for (let round = 0; round <= 10; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- in turns
    const [one, ten] = [await usOf(1), await usOf(10)];
    // In the first, connections are made.
    if (round === 0) continue;
    ofOne.push(one);
    ofTen.push(ten);
  }
  return {
    'Envoys us/request': ofOne,
    'us/unit more': ofTen.map((ten, at) => (ten - (ofOne[at] ?? Number.NaN)) / 9),
  };
}

/** Resident memory of all Envoys. */
function envoyMb(): number {
  return sumOfEnvoys((folder) => {
    const status = readFileSync(`${folder}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1_024;
  });
}

/** What all Envoys have used of the processor so far. */
function envoyUs(): number {
  return sumOfEnvoys((folder) =>
    readdirSync(`${folder}/task`)
      .map((task) => Number(readFileSync(`${folder}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1_000)
      .reduce((sum, us) => sum + us, 0),
  );
}

/** Over all Envoys that this process has started. */
function sumOfEnvoys(read: (folder: string) => number): number {
  const folders = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid));
  return folders.reduce((sum, pid) => {
    const folder = `/proc/${pid}`;
    try {
      const status = readFileSync(`${folder}/status`, 'utf8');
      const isOurs = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) === process.pid;
      return isOurs && readlinkSync(`${folder}/exe`).includes('envoy') ? sum + read(folder) : sum;
    } catch {
      // It has ended meanwhile.
      return sum;
    }
  }, 0);
}
