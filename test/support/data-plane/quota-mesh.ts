// A Service with quotas, whose servers report to two replicas of the operator, and two pages that call it. Entry: QuotaMesh.start.
import type { InboundPortIr, LimitsIr, QuotaIr } from '../../../operator/ir/inbound.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { systemClock } from '../../../operator/process/clock.ts';
import { createLog } from '../../../operator/process/log.ts';
import { readSettings } from '../../../operator/process/settings.ts';
import { holderOf } from '../../../operator/wiring/addresses.ts';
import { type Board, createBoard } from '../../../operator/wiring/board.ts';
import { createPeers } from '../../../operator/wiring/peers.ts';
import type { QuotaMessage } from '../../../operator/replicas/quota-message.ts';
import { createQuotas } from '../../../operator/wiring/quotas.ts';
import type { GrpcService } from '../../../operator/xds/server/endpoint.ts';
import { freePort } from '../kubernetes/free-port.ts';
import {
  sampleDestination,
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
  trustDomain,
} from '../mesh-samples.ts';
import { until } from '../until.ts';
import { call } from './callers.ts';
import { issue } from './certificate-folder.ts';
import type { Closing } from './closing.ts';
import { ServedMesh } from './served-mesh.ts';

interface OperatorReplica {
  readonly board: Board;
  readonly services: readonly GrpcService[];
  readonly identity: () => string;
  readonly lead: () => void;
}

interface Ports {
  readonly page: number;
  readonly other: number;
  readonly servers: readonly number[];
  readonly application: number;
}

export interface QuotaMeshOptions {
  /** Port of the application of all servers. */
  readonly application: number;
  /** Of servers. The first reports to the leader, the others to another replica. Default: 2. */
  readonly servers?: number;
}

/** Where quotas hold that say nothing of it. */
export const everything = { path: null, method: null, headers: [] } as const;

export class QuotaMesh {
  readonly served: ServedMesh;
  readonly ports: Ports;
  /** Of the replica that leads. */
  readonly board: Board;
  readonly #boards: readonly Board[];
  readonly #reports: ReadonlyMap<string, number>;
  /** The last assignment that the leader has passed on to the other replica, and the last that has come there. */
  readonly #passedOn = { sent: '', received: '' };

  private constructor(
    served: ServedMesh,
    ports: Ports,
    boards: readonly [Board, Board],
    reports: ReadonlyMap<string, number>,
  ) {
    this.served = served;
    this.ports = ports;
    this.#boards = boards;
    [this.board] = boards;
    this.#reports = reports;
    const [leader, follower] = boards;
    leader.quotasOut.subscribe(() => {
      this.#passedOn.sent = assignmentText(leader.quotasOut.get()) ?? this.#passedOn.sent;
    });
    follower.quotasIn.subscribe(() => {
      this.#passedOn.received = assignmentText(follower.quotasIn.get()) ?? this.#passedOn.received;
    });
  }

  static async start(closing: Closing, { application, servers = 2 }: QuotaMeshOptions): Promise<QuotaMesh> {
    const [page, other, ...ofServers] = await Promise.all(
      Array.from({ length: servers + 2 }, () => freePort()),
    );
    const ports = { page: page ?? 0, other: other ?? 0, servers: ofServers, application };
    const reports = new Map<string, number>();
    const count = (key: string): void => void reports.set(key, (reports.get(key) ?? 0) + 1);
    const replicas = [newReplica('a', closing, count), newReplica('b', closing, count)] as const;
    const served = await serve(meshWith(ports, [], {}), replicas, closing);
    return new QuotaMesh(served, ports, [replicas[0].board, replicas[1].board], reports);
  }

  /** Buckets that have been reported of a quota, by its key: the replica that leads counts them. */
  reportsOf(quota: string): number {
    return this.#reports.get(quota) ?? 0;
  }

  /** Resolves when the servers obey what they have been assigned by now. */
  async obeyed(): Promise<void> {
    await until(
      'the other replica has what was passed on',
      () => this.#passedOn.received === this.#passedOn.sent,
    );
    const servers = this.ports.servers.map((_, index) => this.served.sidecar(`server-${index}`));
    // Each time on a connection of its own: what a sidecar was sent before, it has read before it answers.
    for (const _ of ['what is being sent is on its way', 'it has come'])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await Promise.all(servers.map(({ adminPort }) => call(adminPort, { path: '/ready' })));
  }

  /**
   * Resolves when the sidecars obey.
   * @param guard of the servers, too
   */
  async program(quotas: readonly QuotaIr[], guard: Partial<InboundPortIr> = {}): Promise<void> {
    const ir = meshWith(this.ports, quotas, guard);
    for (const board of this.#boards) board.translation.set({ ...board.translation.get(), ir });
    await this.served.program(ir);
  }
}

function newReplica(name: string, closing: Closing, quotaCounted: (key: string) => void): OperatorReplica {
  const board = createBoard();
  const args = ['--platform', 'files', '--files', 'f', '--state', 's', '--xds-address', '127.0.0.1:0'];
  const settings = readSettings(args, {});
  const self = { name, nonce: name };
  const context = { settings, self, clock: systemClock, log: createLog('silent') };
  const metrics = { quotaCounted, quotaReportDropped: () => undefined };
  const quotas = createQuotas(board, { ...context, metrics });
  const peers = createPeers(board, context);
  for (const { component } of [quotas, peers]) closing.add(() => component.stop());
  return {
    board,
    services: [...board.quotaServices.get(), ...board.peerServices.get()],
    identity: () => holderOf(self, settings, board.xdsPort.get()),
    lead: () => quotas.leaderCallbacks.onStartedLeading(),
  };
}

/** The first replica leads. */
async function serve(
  ir: MeshIr,
  replicas: readonly [OperatorReplica, OperatorReplica],
  closing: Closing,
): Promise<ServedMesh> {
  const [leader, follower] = replicas;
  for (const { board } of replicas) board.identities.set(new Map(ir.workloads.map((it) => [it.key, it])));
  const serves = ir.workloads.map(({ name }) => name).filter((name) => /^server-[^0]/.test(name));
  const served = await ServedMesh.start(ir, closing, [], undefined, {
    services: leader.services,
    other: { services: follower.services, serves },
  });
  leader.board.xdsPort.define(() => served.server.port());
  follower.board.xdsPort.define(() => served.other?.port() ?? 0);
  const bundle = served.root.certificate;
  const holder = leader.identity();
  const issued = { trustBundle: bundle, controlPlaneBundle: bundle, issuers: '', links: '' };
  const own = await issue(served.root, `spiffe://${trustDomain}/ns/meshwright-system/sa/meshwright`);
  for (const { board } of replicas) {
    board.serverCertificate.set({ ...own, ...issued, wantedLeaves: null, revocationList: null });
    board.leader.set(holder);
  }
  leader.lead();
  return served;
}

/** null: it is none. */
function assignmentText(message: QuotaMessage | null): string | null {
  if (message?.type !== 'assignment') return null;
  return `${message.sidecar} ${Buffer.from(message.bytes).toString('base64')}`;
}

function meshWith(
  { page, other, servers, application }: Ports,
  quotas: readonly QuotaIr[],
  guard: Partial<InboundPortIr>,
): MeshIr {
  const names = servers.map((_, index) => `server-${index}`);
  const service = sampleService('shop/reviews/80', {
    peerIdentities: names.map((name) => spiffeId(name)),
    endpoints: servers.map((port) => sampleEndpoint(port, { mtls: true })),
    // In turn, so that it is known who is asked.
    destination: sampleDestination({ loadBalancer: { type: 'RoundRobin', slowStart: null } }),
  });
  const caller = (name: string, port: number): MeshIr['workloads'][number] =>
    sampleWorkload(name, {
      bindings: [{ address: '127.0.0.1', port, service: service.key, protocol: 'HTTP' }],
    });
  const limits = quotas.length === 0 ? null : limitsOf(quotas);
  const inbound = servers.map((port) => sampleInbound(port, application, { limits, ...guard }));
  const workloads = names.map((name, index) =>
    sampleWorkload(name, { inbound: inbound.slice(index, index + 1) }),
  );
  return sampleMesh({
    services: [service],
    workloads: [caller('page', page), caller('other', other), ...workloads],
  });
}

function limitsOf(quotas: readonly QuotaIr[]): LimitsIr {
  return {
    rates: [],
    quotas,
    adaptiveConcurrency: null,
    admissionControl: null,
    callerHeaders: [],
    setBy: {},
    origins: [{ kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews', generation: 1 }],
  };
}
