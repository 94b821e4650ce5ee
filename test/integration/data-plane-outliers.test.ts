// Endpoints that a caller leaves out for a while because of what it sees of them, in a real Envoy.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HealthCheckIr, OutlierDetectionIr } from '../../operator/ir/destination.ts';
import { type Handler, startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { call, listenOnly } from '../support/data-plane/callers.ts';
import { CalledServices } from '../support/data-plane/called-services.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startGrpcHealthServer } from '../support/data-plane/grpc-health-server.ts';
import { callHttp2 } from '../support/data-plane/http2-call.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleDestination,
  sampleEndpoint,
  sampleInbound,
  type ServiceParts,
  sampleWorkload,
  spiffeId,
  unreachableOnly,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let services: CalledServices;

function detecting(
  detection: Partial<OutlierDetectionIr>,
  ports: readonly number[],
  parts: ServiceParts = {},
): ServiceParts {
  const outlierDetection = { ...unreachableOnly, maxEjectionPercentage: 50, ...detection };
  return {
    endpoints: ports.map((port) => sampleEndpoint(port)),
    // In turn, so that it is known who is asked.
    destination: sampleDestination({
      outlierDetection,
      loadBalancer: { type: 'RoundRobin', slowStart: null },
    }),
    ...parts,
  };
}

const check = {
  intervalMs: 1_000,
  // Who fails here fails at once; who is busy does not.
  timeoutMs: 30_000,
  unhealthyThreshold: 1,
  healthyThreshold: 1,
};

/** Checked, and nothing is ejected for what it answers. */
function checked(
  probe: HealthCheckIr['probe'],
  ports: readonly number[],
  parts: ServiceParts = {},
): ServiceParts {
  const { destination = sampleDestination(), endpoints = [], ...others } = detecting({}, ports, parts);
  return {
    ...others,
    endpoints: endpoints.map((endpoint) => ({ ...endpoint, workload: endpoint.workload || own })),
    destination: { ...destination, healthCheck: { ...check, probe } },
  };
}

const own = 'ExternalWorkload/shop/server';
/** What servers beside those of other namespaces were asked, and what these were. */
const asked = { ofOwn: [] as string[], ofOthers: [] as string[] };

function answers(status: number): Handler {
  return (_seen, response) => void response.writeHead(status).end();
}

function startAsked(by: keyof typeof asked): Promise<number> {
  return startApplication(by, closing, ({ url }, response) => {
    asked[by].push(url);
    response.writeHead(200).end();
  });
}

/** Nobody waits for the end of this one, however slow the machine. */
const long = 600_000;

beforeAll(async () => {
  const good = await startApplication('good', closing, answers(200));
  const [fails, failsToo] = [
    await startApplication('fails', closing, answers(500)),
    await startApplication('fails', closing, answers(500)),
  ];
  const unavailable = await startApplication('unavailable', closing, answers(503));
  const nobody = await freePort();
  const dead = sampleInbound(await freePort(), await freePort(), { mtls: 'Strict' });
  const alive = sampleInbound(await freePort(), good, { mtls: 'Strict' });
  const fiveInARow = { consecutive5xx: 5, baseEjectionTimeMs: long };
  services = await CalledServices.start(
    {
      failing: detecting(fiveInARow, [good, fails]),
      returning: detecting({ consecutive5xx: 1, baseEjectionTimeMs: 1_000 }, [good, fails]),
      two: detecting({ consecutive5xx: 1, baseEjectionTimeMs: long }, [fails, failsToo]),
      all: detecting({ consecutive5xx: 1, baseEjectionTimeMs: long, maxEjectionPercentage: 100 }, [
        fails,
        failsToo,
      ]),
      gateway: detecting({ consecutiveGatewayErrors: 2, baseEjectionTimeMs: long }, [fails, unavailable]),
      rate: detecting(
        {
          successRate: { minEndpoints: 3, minRequests: 5, standardDeviationPercentage: 100 },
          baseEjectionTimeMs: long,
        },
        [good, fails, await startApplication('good', closing, answers(200))],
      ),
      percentage: detecting(
        { failurePercentage: { threshold: 50, minEndpoints: 1, minRequests: 5 }, baseEjectionTimeMs: long },
        [good, fails],
      ),
      checkedByHttp: checked({ type: 'HTTP', path: '/' }, [good, fails, nobody]),
      checkedInMesh: checked({ type: 'HTTP', path: '/healthz' }, [], {
        peerIdentities: [spiffeId('server')],
        endpoints: [dead, alive].map(({ port }) => sampleEndpoint(port, { mtls: true })),
      }),
      checkedBesideOthers: checked({ type: 'HTTP', path: '/check' }, [], {
        endpoints: [
          sampleEndpoint(await startAsked('ofOwn')),
          sampleEndpoint(await startAsked('ofOthers'), { workload: 'Pod/other/server' }),
          sampleEndpoint(await startAsked('ofOthers'), { workload: 'nobody knows' }),
        ],
      }),
      checkedByGrpc: checked({ type: 'GRPC' }, [
        await startGrpcHealthServer('SERVING', closing),
        await startGrpcHealthServer('NOT_SERVING', closing),
      ]),
      checkedByTcp: checked({ type: 'TCP' }, [await startGreeter('hello', closing), nobody], {
        protocol: 'TCP',
        routes: [],
      }),
      unreachable: detecting({ consecutiveLocalOriginFailures: 2, baseEjectionTimeMs: long }, [good, nobody]),
      dead: detecting(fiveInARow, [], {
        peerIdentities: [spiffeId('server')],
        endpoints: [dead, alive].map(({ port }) => sampleEndpoint(port, { mtls: true })),
      }),
      tcp: detecting(
        { consecutiveLocalOriginFailures: 1, baseEjectionTimeMs: long },
        [await startGreeter('hello', closing), nobody],
        { protocol: 'TCP', routes: [] },
      ),
    },
    closing,
    [sampleWorkload('server', { inbound: [dead, alive] })],
  );
});

async function statusesAt(service: string, count: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    statuses.push((await call(services.at(service))).status);
  }
  return statuses;
}

function countOf(statuses: readonly number[], status: number): number {
  return statuses.filter((one) => one === status).length;
}

async function ejected(service: string): Promise<number> {
  const name = `cluster.shop/${service}/80.outlier_detection.ejections_active`;
  return (await services.sidecar.stats(name)).get(name) ?? 0;
}

/** Envoy's main thread ejects, a moment after the answer that is the reason. */
async function untilEjected(service: string, count: number): Promise<void> {
  await services.sidecar.waitFor(async () => (await ejected(service)) === count);
}

/**
 * Asks until so many answers were failures, and no more: these eject an endpoint. Resolves to the other statuses.
 * @throws if there are not so many: fewer have ejected it
 */
async function ejectedAfter(service: string, failures: number, status: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  while (countOf(statuses, status) < failures && statuses.length < 10 * failures) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    statuses.push((await call(services.at(service))).status);
  }
  expect(countOf(statuses, status)).toBe(failures);
  await untilEjected(service, 1);
  return statuses.filter((one) => one !== status);
}

/** What it answers once the worker of Envoy knows, too, which endpoint is ejected. */
async function withoutIt(service: string, status: number): Promise<readonly number[]> {
  await services.sidecar.waitFor(async () => !(await statusesAt(service, 4)).includes(status));
  return statusesAt(service, 20);
}

function all(status: number): readonly number[] {
  return Array.from({ length: 20 }, () => status);
}

test('an endpoint that fails so many times in a row gets no more requests', async () => {
  const others = await ejectedAfter('failing', 5, 500);

  expect(new Set(others)).toEqual(new Set([200]));
  expect(await withoutIt('failing', 500)).toEqual(all(200));
});

test('it gets requests again after its time', async () => {
  const name = 'cluster.shop/returning/80.outlier_detection.ejections_enforced_total';
  // Only one that is back and fails is ejected again.
  const isEjectedAgain = await services.sidecar.waitFor(async () => {
    await statusesAt('returning', 2);
    return (await services.sidecar.stat(name)) >= 2;
  });

  expect(isEjectedAgain).toBe(true);
});

test('not more than the percentage are left out, but always one', async () => {
  await statusesAt('two', 10);
  await untilEjected('two', 1);
  // The other one was to be ejected, too, and was not.
  const refused = 'cluster.shop/two/80.outlier_detection.ejections_overflow';
  await services.sidecar.waitFor(async () => {
    await statusesAt('two', 10);
    return (await services.sidecar.stat(refused)) > 0;
  });

  expect(await ejected('two')).toBe(1);
});

test('if all are left out, all go on being asked', async () => {
  const statuses = await statusesAt('all', 10);
  await untilEjected('all', 2);

  expect(new Set([...statuses, ...(await statusesAt('all', 10))])).toEqual(new Set([500]));
});

test('a gateway error is 502, 503 or 504, and no other', async () => {
  const others = await ejectedAfter('gateway', 2, 503);

  expect(new Set(others)).toEqual(new Set([500]));
  expect(await withoutIt('gateway', 503)).toEqual(all(500));
});

test('an endpoint whose success rate is below that of the others is left out', async () => {
  const isOut = await services.sidecar.waitFor(async () => {
    await statusesAt('rate', 30);
    return (await ejected('rate')) === 1;
  });

  expect(isOut).toBe(true);
  expect(await withoutIt('rate', 500)).toEqual(all(200));
});

test('so is one that takes no connections', async () => {
  await ejectedAfter('unreachable', 2, 503);

  expect(await withoutIt('unreachable', 503)).toEqual(all(200));
});

test('one with a dead application counts by the 503 of its sidecar', async () => {
  await ejectedAfter('dead', 5, 503);

  expect(await withoutIt('dead', 503)).toEqual(all(200));
});

test('on TCP ports, one that takes no connections', async () => {
  const greetings = (): Promise<string[]> =>
    Promise.all(Array.from({ length: 4 }, () => listenOnly(services.at('tcp'), 5)));
  const failed = 'cluster.shop/tcp/80.upstream_cx_connect_fail';
  // Workers learn of an ejection a moment after Envoy's main thread: until then, all three attempts of a connection may go to that
  // endpoint. In turn, four connections would.
  await services.sidecar.waitFor(async () => {
    const before = await services.sidecar.stat(failed);
    await greetings();
    return (await ejected('tcp')) === 1 && (await services.sidecar.stat(failed)) === before;
  });

  expect(new Set(await greetings())).toEqual(new Set(['hello']));
});

test('one that fails a percentage of its requests is left out, whatever the others do', async () => {
  const isOut = await services.sidecar.waitFor(async () => {
    await statusesAt('percentage', 20);
    return (await ejected('percentage')) === 1;
  });

  expect(isOut).toBe(true);
  expect(await withoutIt('percentage', 500)).toEqual(all(200));
});

describe('checks of health: one that fails them gets not even the first request', () => {
  test.each([
    ['by HTTP', 'checkedByHttp'],
    ['by HTTP in mutual TLS', 'checkedInMesh'],
  ])('%s', async (_, service) => {
    // The sidecar of the server may start after that of the caller.
    await services.sidecar.waitFor(async () => (await healthy(service)) === 1);
    const statuses = await statusesAt(service, 12);

    expect(countOf(statuses, 200)).toBe(12);
    expect(await healthy(service)).toBe(1);
  });

  test('nobody asks servers of other namespaces, whatever a slice names', async () => {
    // Envoy uses a cluster once it has checked every endpoint that it checks.
    await statusesAt('checkedBesideOthers', 3);

    // How often is a matter of time: again after a minute.
    expect(asked.ofOwn).toContain('/check');
    expect(asked.ofOthers).not.toContain('/check');
    expect(await healthy('checkedBesideOthers')).toBe(3);
  });

  test('by gRPC', async () => {
    const headers = { ':path': '/', 'content-type': 'application/grpc' };
    const calls = await Promise.all(
      Array.from({ length: 4 }, () => callHttp2(services.at('checkedByGrpc'), { headers })),
    );

    expect(calls.map(({ fields }) => fields['grpc-status'])).toEqual(['0', '0', '0', '0']);
    expect(await healthy('checkedByGrpc')).toBe(1);
  });

  test('by TCP', async () => {
    const greetings = await Promise.all(
      Array.from({ length: 4 }, () => listenOnly(services.at('checkedByTcp'), 5)),
    );

    expect(new Set(greetings)).toEqual(new Set(['hello']));
    expect(await healthy('checkedByTcp')).toBe(1);
  });
});

async function healthy(service: string): Promise<number> {
  const name = `cluster.shop/${service}/80.membership_healthy`;
  return (await services.sidecar.stats(name)).get(name) ?? 0;
}
