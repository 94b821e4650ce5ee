// Who says nothing: callers that cost a sidecar something and bring nothing are ended, and applications that are silent on purpose are not.
// The minutes of a sidecar are made short for it; the test that nothing is cut runs with the same ones.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EnvoyMessage, EnvoyValue } from '../../operator/envoy/proto/envoy-message.ts';
import { meshAlpn } from '../../operator/envoy/resources/names.ts';
import { type Handler, startApplication } from '../support/data-plane/applications.ts';
import { call, converse } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

/** Field → how long it is instead, in milliseconds. */
const shortened: Readonly<Record<string, number>> = {
  request_headers_timeout: 500,
  transport_socket_connect_timeout: 1_500,
  idle_timeout: 800,
  drain_timeout: 100,
};
/** Longer than all of them. */
const longMs = 2_500;

const ports = { strict: 0, disabled: 0, through: 0, throughSocket: 0 };

function hurried(value: EnvoyValue): EnvoyValue {
  if (Array.isArray(value)) return value.map((item: EnvoyValue) => hurried(item));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value as EnvoyMessage).map(([key, item]) => {
    const ms = shortened[key];
    // 0 is for ever, and stays so.
    const isSet = typeof item === 'object' && item !== null && (item as EnvoyMessage)['seconds'] !== 0;
    const short =
      ms !== undefined && isSet
        ? { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 }
        : hurried(item);
    return [key, short] as const;
  });
  return Object.fromEntries(fields);
}

const late: Handler = (_seen, response) => {
  setTimeout(() => response.end('late'), longMs);
};

/** Switches protocols and says something much later. */
async function startLateSpeaker(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      setTimeout(() => socket.end('late'), longMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.add(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const application = await startApplication('late', closing, late);
  const speaker = await startLateSpeaker();
  const inbound = [
    sampleInbound(await freePort(), application, { mtls: 'Strict' }),
    sampleInbound(await freePort(), application, { mtls: 'Disabled' }),
    sampleInbound(await freePort(), speaker, { mtls: 'Strict' }),
  ] as const;
  const service = (name: string, { port }: { readonly port: number }): ReturnType<typeof sampleService> =>
    sampleService(`shop/${name}/80`, {
      peerIdentities: [spiffeId('server')],
      endpoints: [sampleEndpoint(port, { mtls: true })],
    });
  const services = [service('late', inbound[0]), service('socket', inbound[2])];
  const bindings = await Promise.all(
    services.map(async ({ key }) => {
      return { address: '127.0.0.1', port: await freePort(), service: key, protocol: 'HTTP' as const };
    }),
  );
  const workloads = [sampleWorkload('caller', { bindings }), sampleWorkload('server', { inbound })];
  await startSidecars(
    sampleMesh({ services, workloads }),
    closing,
    new Map(),
    (bootstrap) => hurried(bootstrap) as EnvoyMessage,
  );
  ports.strict = inbound[0].port;
  ports.disabled = inbound[1].port;
  ports.through = bindings[0]?.port ?? 0;
  ports.throughSocket = bindings[1]?.port ?? 0;
});

function open(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}

async function closes(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

describe('a sidecar ends', () => {
  test('a request whose headers do not end, and says so', async () => {
    const answer = await converse(ports.disabled, 'GET / HTTP/1.1\r\nHost: svc\r\nX-Slow: ');

    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });

  test('a connection on which nobody ever speaks', async () => {
    await expect(closes(open(ports.disabled))).resolves.toBeUndefined();
  });

  test('a TLS handshake that stops half way', async () => {
    const socket = open(ports.strict);
    // The client's first words arrive; what it is answered, it never hears.
    const deaf = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        socket.write(chunk, () => {
          done();
        });
      },
    });
    const client = connectTls({ socket: deaf, ALPNProtocols: [meshAlpn], rejectUnauthorized: false });
    client.on('error', () => undefined);

    await expect(closes(socket)).resolves.toBeUndefined();
    client.destroy();
  });

  test('an idle HTTP/2 connection', async () => {
    const session = connectHttp2(`http://127.0.0.1:${ports.disabled}`);
    session.on('error', () => undefined);
    await once(session, 'connect');

    await expect(once(session, 'close')).resolves.toBeDefined();
  });
});

describe('a sidecar leaves alone', () => {
  test('a long poll', async () => {
    expect(await call(ports.through)).toMatchObject({ status: 200, body: 'late' });
  });

  test('an upload that pauses', async () => {
    const sent = request({ port: ports.disabled, method: 'POST', agent: false });
    sent.write('first');
    setTimeout(() => sent.end('last'), longMs);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];

    expect(await text(response)).toBe('late');
  });

  test('a WebSocket on which nobody speaks', async () => {
    const heard = await converse(
      ports.throughSocket,
      'GET / HTTP/1.1\r\nHost: svc\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    );

    expect(heard).toMatch(/late$/);
  });
});

/** Whether the kernel probes the peer of a connection to this port, at the end that `side` says: timer 2 of /proc/net/tcp. */
async function isKeptAlive(port: number, side: 'listener' | 'caller'): Promise<boolean> {
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1);
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', remote = '', state]) => {
      return state === '01' && (side === 'listener' ? local : remote).endsWith(hex);
    })
    .some(([, , , , , timer = '']) => timer.startsWith('02:'));
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('the kernel looks for peers that have vanished, on both sides of the network', async () => {
  const polled = call(ports.through);
  const deadline = performance.now() + longMs;
  let kept = false;
  while (!kept && performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- until the connection is there
    kept = (await isKeptAlive(ports.strict, 'listener')) && (await isKeptAlive(ports.strict, 'caller'));
  }
  await polled;

  expect(kept).toBe(true);
});
