// Certificates that have to be replaced now: every sidecar has its new one within seconds, without a restart.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { callerIn, callFrom } from '../library/calls.ts';
import type { Figures } from '../library/figures.ts';
import { clientIdentity, clientInside, inside, serverUrl } from '../library/stage.ts';
import type { World } from '../library/world.ts';

/** Left alone, a kubelet looks at Secrets once in a minute or more. */
const withinMs = 40_000;

const Certificates = z.object({
  certificates: z.array(z.object({ cert_chain: z.array(z.object({ serial_number: z.string() })) })),
});
const readCertificates = `
  const answer = await fetch('http://127.0.0.1:15000/certs');
  console.log(await answer.text());`;

export function certificatesReplaced(world: () => World, figures: Figures): void {
  describe('certificates that were issued before a time', () => {
    /** Serial numbers of the leaf certificates that the sidecar of a Deployment has in use. */
    const serials = async (deployment: string): Promise<readonly string[]> => {
      const text = await world().mustKubectl([
        'exec',
        `deployment/${deployment}`,
        `--namespace=${inside}`,
        '--container=app',
        '--',
        'node',
        '--input-type=module',
        '--eval',
        readCertificates,
      ]);
      const all = Certificates.parse(JSON.parse(text)).certificates;
      return [...new Set(all.flatMap(({ cert_chain: [leaf] }) => leaf?.serial_number ?? []))];
    };
    const restarts = async (): Promise<string> =>
      await world().mustKubectl([
        'get',
        'pods',
        `--namespace=${inside}`,
        '--output=jsonpath={.items[*].metadata.uid} {.items[*].status.initContainerStatuses[*].restartCount}',
      ]);

    test('are replaced in every sidecar within seconds, without a restart', async () => {
      const before = {
        client: await serials('client'),
        server: await serials('server'),
        pods: await restarts(),
      };
      const start = performance.now();
      const patch = { spec: { certificates: { issuedAfter: new Date().toISOString() } } };

      await world().mustKubectl([
        'patch',
        'mesh',
        'default',
        '--type=merge',
        `--patch=${JSON.stringify(patch)}`,
      ]);

      const isNew = async (deployment: 'client' | 'server'): Promise<boolean> => {
        const now = await serials(deployment);
        return now.length > 0 && now.every((serial) => !before[deployment].includes(serial));
      };
      await world().until(async () =>
        (await isNew('client')) && (await isNew('server')) ? true : undefined,
      );
      const tookMs = performance.now() - start;
      figures.add('from `issuedAfter` to new certificates in all sidecars', tookMs);
      expect(tookMs).toBeLessThan(withinMs);
      expect(await restarts()).toBe(before.pods);
      expect(callerIn(await callFrom(world(), clientInside, serverUrl))).toBe(clientIdentity);
    });
  });
}
