// Asks the operator for configuration in the name of a pod, with the certificate in /certificates, as a sidecar would,
// and prints what came of it as JSON. A program of its own: it imports nothing but Node.
//   node ask.ts <address of the operator> <node id>
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';

const [address = '', nodeId = ''] = process.argv.slice(2);
const file = (name: string): Buffer => readFileSync(`/certificates/${name}`);
const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const clusters = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const timeoutMs = 10_000;

/** A field of protobuf that is not longer than 127 bytes. */
function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
}

/** A message of gRPC: not compressed, its length, and a DeltaDiscoveryRequest with a node and a type. */
function message(): Buffer {
  const request = Buffer.concat([field(1, field(1, nodeId)), field(2, clusters)]);
  return Buffer.concat([Buffer.from([0, 0, 0, 0, request.length]), request]);
}

function finish(outcome: object): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit());
}

const session = connect(`https://${address}`, {
  cert: file('tls.crt'),
  key: file('tls.key'),
  ca: file('ca.crt'),
  // It has no name, but an identity, which is not what is tried here.
  checkServerIdentity: () => undefined,
});
session.on('error', (error) => finish({ error: error.message }));
const stream = session.request({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
});
stream.setTimeout(timeoutMs, () => finish({ error: 'no answer' }));
stream.on('error', (error) => finish({ error: error.message }));
stream.on('response', (headers) => {
  if (headers['grpc-status'] !== undefined)
    finish({ status: headers['grpc-status'], message: headers['grpc-message'] });
});
stream.on('trailers', (trailers) =>
  finish({ status: trailers['grpc-status'], message: trailers['grpc-message'] }),
);
stream.on('data', () => finish({ answered: true }));
stream.write(message());
