// Make before break, on a real Envoy under 1,000 requests a second: a route moves to a cluster that is new, and the one it
// leaves is removed, in one publication; a hundred times. Nobody may fail.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { startLoadProcess } from '../support/envoy/load.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { startXdsEnvoy, testimony } from '../support/xds-envoy.ts';
import { Replicas } from '../support/xds-replicas.ts';
import { shop } from '../support/xds-shop.ts';

const perSecond = 1_000;
const switches = 100;
/** Between two switches so many requests are answered. */
const requestsBetween = 80;

describe.each(['delta', 'sotw'] as const)('an Envoy of the variant %s', (variant) => {
  const closing = new Closing();
  afterAll(() => closing.close());

  test(`${switches} switches to new clusters, each with the removal of the old one, fail no request`, async () => {
    const load = startLoadProcess();
    closing.add(() => load.close());
    const ports = await load.applications(['one', 'two']);
    const listenerPort = await freePort();
    const replicas = await Replicas.reserve('ExternalWorkload/test/proxy', 1);
    closing.add(() => replicas.stopAll());
    await replicas.start(0);
    const dir = await mkdtemp(join(tmpdir(), `meshwright-${variant}-`));
    closing.add(() => rm(dir, { recursive: true, force: true }));
    const turnTo = (cluster: number): void =>
      replicas.publish(
        shop({
          variant,
          listenerPort,
          services: [{ name: 's', cluster: `c${cluster}`, ports: [ports[cluster % 2] ?? 0] }],
        }),
      );
    turnTo(0);
    const nodeId = 'ExternalWorkload~test~proxy~';
    const envoy = await startXdsEnvoy({ variant, ports: replicas.ports, nodeId, dir });
    closing.add(() => envoy.stop());
    const settled = (): Promise<boolean> => envoy.waitFor(() => replicas.areSettled());
    const answered = (): Promise<number> => envoy.stat('http.all.downstream_rq_completed');
    await settled();

    await load.start({ port: listenerPort, host: 's', perSecond });
    for (let cluster = 1; cluster <= switches; cluster += 1) {
      // oxlint-disable no-await-in-loop -- one after the other
      const before = await answered();
      turnTo(cluster);
      await settled();
      await envoy.waitFor(async () => (await answered()) >= before + requestsBetween);
      // oxlint-enable no-await-in-loop
    }
    const counts = await load.stop();

    const flags = await readFile(join(dir, 'failures'), 'utf8').catch(() => '');
    expect({ failures: counts.failures, unanswered: counts.sent - counts.ok, flags }).toEqual({
      failures: {},
      unanswered: 0,
      flags: '',
    });
    expect(counts.sent).toBeGreaterThan(switches * requestsBetween);
    expect(await testimony(envoy)).toMatchObject({
      rejected: 0,
      clustersWarming: 0,
      listenersModified: 0,
    });
  });
});
