// Two real Envoys, of a caller and of a server, that tell the operator's own telemetry services what they see. Entry: startTellingMesh.
import { once } from 'node:events';
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { Json } from '../../../operator/infra/bootstrap-parts.ts';
import type { MeshSettingsIr } from '../../../operator/ir/mesh-ir.ts';
import type { SecretData } from '../../../operator/ports/platform.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createLog } from '../../../operator/process/log.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { createProviders } from '../../../operator/wiring/providers.ts';
import { createTelemetry } from '../../../operator/wiring/telemetry.ts';
import { freePort } from '../kubernetes/free-port.ts';
import { MemorySecrets } from '../memory-secrets.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleRule,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../mesh-samples.ts';
import { startApplication } from './applications.ts';
import type { Closing } from './closing.ts';
import { ServedMesh } from './served-mesh.ts';

export interface TellingMesh {
  readonly board: Board;
  /** Calls shop/reviews by the sidecar of the caller; the path ends with the status of the answer. */
  ask(path: string, headers?: OutgoingHttpHeaders): Promise<TellingAnswer>;
}

export interface TellingAnswer {
  readonly status: number;
  /** Headers that the application got. */
  readonly seen: Readonly<Record<string, string>>;
}

export interface TellingOptions {
  /** So long the operator keeps a connection. Default: as in the operator. */
  readonly connectionAgeMs?: number;
  /** Fields of the sidecars' bootstrap in place of those that the project renders. */
  readonly bootstrap?: Json;
  readonly settings: Pick<MeshSettingsIr, 'providers' | 'tracing' | 'accessLogs'>;
  /** Of the operator's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the operator's namespace, by name. */
  readonly secrets?: Readonly<Record<string, SecretData>>;
}

/** The server refuses /secret by the rule shop/reviews/secrets. */
export async function startTellingMesh(
  closing: Closing,
  { settings: telemetry, env = {}, secrets = {}, connectionAgeMs, bootstrap = {} }: TellingOptions,
): Promise<TellingMesh> {
  const board = createBoard();
  const metrics = createMetrics();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  closing.add(async () => metrics.close());
  closing.add(async () => agent.destroy());
  const held = new MemorySecrets();
  const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], env);
  for (const [name, data] of Object.entries(secrets)) held.held.set(`${settings.namespace}/${name}`, data);
  const context = {
    settings,
    clock: systemClock,
    log: createLog('silent'),
    metrics,
    platform: { secrets: held },
  };
  createTelemetry(board, context);
  const { component } = createProviders(board, context);
  closing.add(() => component.stop());
  const application = await startApplication('status', closing, ({ url, headers }, response) => {
    response
      .writeHead(Number(/\d{3}$/.exec(url)?.[0] ?? 200), {
        'x-seen': encodeURIComponent(JSON.stringify(headers)),
      })
      .end();
  });
  const inboundPort = await freePort();
  const binding = await freePort();
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(inboundPort, { mtls: true })],
  });
  const path = { type: 'PathPrefix', value: '/secret', ignoreCase: false } as const;
  const secret = [{ methods: 'any', paths: [path], hosts: 'any', headers: [], not: null }] as const;
  const authorization = {
    deny: [sampleRule('shop/reviews/secrets', 'anyone', secret)],
    allow: 'all',
  } as const;
  const bare = sampleMesh({
    services: [service],
    workloads: [
      sampleWorkload('caller', {
        bindings: [{ address: '127.0.0.1', port: binding, service: service.key, protocol: 'HTTP' }],
      }),
      sampleWorkload('server', { inbound: [sampleInbound(inboundPort, application, { authorization })] }),
    ],
  });
  const ir = { ...bare, settings: { ...bare.settings, ...telemetry } };
  board.identities.set(new Map(ir.workloads.map((it) => [it.key, it])));
  board.translation.set({ ...board.translation.get(), ir });
  await ServedMesh.start(ir, closing, [], undefined, {
    services: [...board.signalServices.get(), ...board.telemetryServices.get()],
    ...(connectionAgeMs !== undefined && { connectionAgeMs }),
    bootstrap,
  });
  const ask = async (to: string, headers: OutgoingHttpHeaders = {}): Promise<TellingAnswer> => {
    const outgoing = request({ host: '127.0.0.1', port: binding, path: to, agent, headers }).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    const seen = decodeURIComponent(String(response.headers['x-seen'] ?? '{}'));
    return { status: response.statusCode ?? 0, seen: JSON.parse(seen) as Record<string, string> };
  };
  return { board, ask };
}
