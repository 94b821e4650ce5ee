// What waits on a stream that nobody reads is bounded by its bytes: on streams of gRPC, as they are used.
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import { BoundedWriter } from '../../../operator/process/bounded-writer.ts';
import { asIs, bytesMethod } from '../../../operator/xds/server/service.ts';
import { until } from '../../support/until.ts';

const path = '/test.Test/Stream';
const message = Buffer.alloc(64 * 1024);
const mostBytes = 1024 * 1024;
const closes: (() => void)[] = [];
afterEach(() => closes.splice(0).forEach((close) => close()));

type Stream = ServerDuplexStream<Buffer, Buffer>;

async function connected(): Promise<{
  readonly server: Stream;
  readonly client: ClientDuplexStream<Buffer, Buffer>;
}> {
  const server = new Server();
  const accepted = new Promise<Stream>((resolve) => {
    server.addService({ Stream: bytesMethod(path) }, { Stream: (call: Stream) => resolve(call) });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  closes.push(() => server.forceShutdown());
  const client = dial(port);
  return { server: await accepted, client };
}

function dial(port: number): ClientDuplexStream<Buffer, Buffer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closes.push(() => client.close());
  const call = client.makeBidiStreamRequest(path, asIs, asIs);
  call.on('error', () => undefined);
  call.write(message);
  return call;
}

/** How many messages are taken before one is left out. */
function fill(writer: BoundedWriter): number {
  let taken = 0;
  while (writer.write(message) && taken < 1_000) taken += 1;
  return taken;
}

test('who does not read is not written more than may wait, and more when it has read', async () => {
  const { server, client } = await connected();
  const writer = new BoundedWriter(server, mostBytes);

  expect(fill(writer)).toBeLessThanOrEqual(mostBytes / message.length + 1);

  let read = 0;
  client.on('data', () => (read += 1));
  await until('it has read', () => read >= mostBytes / message.length);
  expect(writer.write(message)).toBe(true);
});

test('the same at the end of the client', async () => {
  const { server, client } = await connected();
  const writer = new BoundedWriter(client, mostBytes);

  expect(fill(writer)).toBeLessThanOrEqual(mostBytes / message.length + 1);

  let read = 0;
  server.on('data', () => (read += 1));
  await until('it has read', () => read >= mostBytes / message.length);
  expect(writer.write(message)).toBe(true);
});
