// Strict, switched on while somebody still calls in plaintext: it waits, says for whom, and steps back for who comes late.
import { afterAll, describe, expect, test } from '@jest/globals';
import { callerIn, callFrom } from '../library/calls.ts';
import { clientIdentity, clientInside, clientOutside, inside, serverUrl } from '../library/stage.ts';
import type { World } from '../library/world.ts';

const policy = ['securitypolicy/strict', `--namespace=${inside}`];
const quietPeriod = '8s';

interface Programmed {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export function strictWaits(world: () => World): void {
  describe('Strict, where somebody calls in plaintext', () => {
    afterAll(() => world().mustKubectl(['delete', ...policy]));

    test('waits, names the pod that calls, and comes into force when it has stopped', async () => {
      await callFrom(world(), clientOutside, serverUrl);
      await world().apply({
        apiVersion: 'meshwright.dev/v1alpha1',
        kind: 'SecurityPolicy',
        metadata: { name: 'strict', namespace: inside },
        spec: {
          targetRefs: [{ kind: 'Deployment', name: 'server' }],
          mtls: { mode: 'Strict', transition: { type: 'Safe', quietPeriod } },
        },
      });

      const waiting = await untilOutsiderIsNamed('Pending', () => plaintext(200));
      await world().mustKubectl(['wait', '--for=condition=Programmed', '--timeout=60s', ...policy]);

      expect(waiting.message).toContain('Port 8080 of Deployment inside/server still gets plaintext');
      expect(await callerIs()).toBe(clientIdentity);
    });

    test('steps back when plaintext comes right after that, and says who was refused', async () => {
      await plaintext(403);

      const back = await untilOutsiderIsNamed('SteppedBack', async () => undefined);

      expect(back.message).toContain('was Strict and refused plaintext');
      await world().until(async () =>
        (await callFrom(world(), clientOutside, serverUrl)).status === 200 ? true : undefined,
      );
      expect(await callerIs()).toBe(clientIdentity);
    });

    const plaintext = async (status: number): Promise<void> => {
      expect((await callFrom(world(), clientOutside, serverUrl)).status).toBe(status);
    };

    const callerIs = async (): Promise<string | undefined> =>
      callerIn(await callFrom(world(), clientInside, serverUrl));

    /** Calls again and again until the condition has this reason and names the pod of the client outside. */
    const untilOutsiderIsNamed = async (
      reason: string,
      callAgain: () => Promise<void>,
    ): Promise<Programmed> => {
      const [pod] = await world().pods('outside', 'app=client');
      return await world().until(async () => {
        await callAgain();
        const found = await programmed();
        const isNamed = found?.message.includes(`Pod outside/${pod?.metadata.name}`) ?? false;
        return isNamed && found?.reason === reason ? found : undefined;
      });
    };

    const programmed = async (): Promise<Programmed | undefined> => {
      const path = '--output=jsonpath={.status.conditions[?(@.type=="Programmed")]}';
      const text = await world().mustKubectl(['get', ...policy, path]);
      return text === '' ? undefined : (JSON.parse(text) as Programmed);
    };
  });
}
