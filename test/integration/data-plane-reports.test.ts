// What sidecars tell the operator arrives although the operator closes the connection just then: a real Envoy sends it once more.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { startPlugin } from '../support/data-plane/plugin.ts';
import { startTellingMesh, type TellingMesh } from '../support/data-plane/telling-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { sampleAccessLog } from '../support/mesh-samples.ts';

const connectionAgeMs = 2_000;
/** Envoy sends records and counts each second here and spans each five, and gives up after five. */
const reportMs = 5_000;

const closing = new Closing();
afterAll(() => closing.close());

let mesh: TellingMesh;
let plugin: () => Promise<readonly unknown[]>;

beforeAll(async () => {
  const port = await freePort();
  plugin = await startPlugin(port, closing);
  const provider = {
    name: 'plugin',
    type: 'Plugin',
    endpoint: `http://127.0.0.1:${port}`,
    protocol: 'GRPC',
    metrics: true,
  } as const;
  mesh = await startTellingMesh(closing, {
    connectionAgeMs,
    bootstrap: { stats_flush_interval: '1s' },
    settings: {
      providers: [provider],
      accessLogs: [{ ...sampleAccessLog, providers: ['plugin'] }],
      tracing: { providers: ['plugin'], percentage: 100, propagation: 'W3C' },
    },
  });
});

interface Arrived {
  /** Of refusals, one of each sidecar. */
  readonly records: number;
  readonly spans: number;
  /** What the sidecar of the server has counted. */
  readonly requests: number;
}

async function arrived(): Promise<Arrived> {
  const lines = (await plugin()).filter((line) => line instanceof Object);
  const served = lines.flatMap((line) => ('served' in line ? [Number(line.served)] : []));
  return {
    records: lines.filter((line) => 'refused' in line).length,
    spans: lines.filter((line) => 'span' in line).length,
    requests: Math.max(0, ...served),
  };
}

/** What there is when so much has arrived, or at the deadline. */
async function untilArrived(requests: number): Promise<Arrived> {
  const look = async (): Promise<Arrived | undefined> => {
    const all = await arrived();
    const isWhole = all.records >= 2 * requests && all.spans >= 2 * requests && all.requests >= requests;
    return isWhole ? all : undefined;
  };
  return await poll(look, { intervalMs: 100, deadlineMs: 120_000 }).catch(arrived);
}

/** As an operator that is busy: what comes meanwhile is read later than its timers run. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('records, spans and counts that come as a connection is closed arrive, and once', async () => {
  await mesh.ask('/secret/first');
  expect(await untilArrived(1)).toEqual({ records: 2, spans: 2, requests: 1 });

  await mesh.ask('/secret/second');
  block(reportMs + 100);

  expect(await untilArrived(2)).toEqual({ records: 4, spans: 4, requests: 2 });
  // Had something been sent twice, it would be there before what comes later.
  await mesh.ask('/secret/third');
  expect(await untilArrived(3)).toEqual({ records: 6, spans: 6, requests: 3 });
});
