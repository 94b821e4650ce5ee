// Our checks and a real Envoy agree: what we let pass it takes, and what we refuse it refuses as well.
// Both judge the same message, put in the place it has in a bootstrap.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkMessage } from '../../operator/envoy/checks/check-message.ts';
import { typeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { type EnvoyProcess, startEnvoy, validate } from '../support/envoy.ts';
import { brokenMessages, goodMessages } from '../support/envoy/judged-messages.ts';
import { inBootstrap, listener } from '../support/envoy/sample-messages.ts';

describe('a real Envoy takes what passes our checks', () => {
  test.each(goodMessages)('%s', async (_name, type, message) => {
    expect(checkMessage(type, message)).toEqual([]);
    expect(await validate(inBootstrap(type, message))).toBeNull();
  });
});

describe('a real Envoy refuses what our checks refuse', () => {
  test.each(brokenMessages)('%s', async (...[, type, message, problems, envoySays]) => {
    expect(checkMessage(type, message)).toEqual(problems);
    expect(await validate(inBootstrap(type, message))).toContain(envoySays);
  });
});

describe('a running Envoy', () => {
  const localListener = {
    ...listener,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  };
  let envoy: EnvoyProcess;
  beforeAll(async () => {
    envoy = await startEnvoy({
      bootstrap: inBootstrap(typeUrl.listener, localListener),
    });
  });
  afterAll(async () => envoy.stop());

  test('starts from encoded bytes and tells what it runs', async () => {
    await envoy.waitFor(async () => envoy.ready());

    expect(await envoy.stat('listener_manager.total_listeners_active')).toBe(1);
    expect(await envoy.listenerPort(listener.name)).toBeGreaterThan(0);
    expect(await envoy.configDump({ resource: 'static_listeners', mask: 'listener.name' })).toMatchObject({
      configs: [{ listener: { name: listener.name } }],
    });
    expect((await envoy.log()).some((line) => line.includes('starting main dispatch loop'))).toBe(true);
  });

  test('names its last words when it does not come up', async () => {
    await expect(startEnvoy({ bootstrap: '{ static_resources: { clusters: [{}] } }' })).rejects.toThrow(
      /Envoy has ended.*ClusterValidationError/s,
    );
  });
});
