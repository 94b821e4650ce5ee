// A telemetry plug-in: prints a line for each request that a rule refused, and how many requests each workload has served.
//   npm install @grpc/grpc-js @grpc/proto-loader
//   node main.mjs telemetry.proto 0.0.0.0:50051
import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [, , proto, address] = process.argv;
const definition = loadSync(proto, { keepCase: true, longs: Number, defaults: true });
const { TelemetryPlugin } = loadPackageDefinition(definition).meshwright.telemetry.v1;

/** Namespace and service account → requests. */
const served = new Map();

function print(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function report({ request }, answer) {
  for (const { workload, fields } of request.records) {
    if (fields.response_code === '403')
      print({ refused: fields.path, from: fields.peer, by: workload.spiffe_id, rule: fields.rule ?? 'none' });
  }
  for (const { workload, metric, count } of request.counts) {
    if (metric !== 'inbound.requests') continue;
    const key = `${workload.namespace}/${workload.service_account}`;
    served.set(key, (served.get(key) ?? 0) + count);
    print({ workload: key, served: served.get(key) });
  }
  for (const { name, trace_id, parent_span_id } of request.spans)
    print({ span: name, trace_id, parent_span_id });
  answer(null, {});
}

const server = new Server();
server.addService(TelemetryPlugin.service, { Report: report });
server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  print({ listening: port });
});
