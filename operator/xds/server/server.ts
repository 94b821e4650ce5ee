// The ADS server: streams in, snapshots out, reports of who obeys. Takes snapshots from whoever makes them and
// knows nothing of where they come from.
import { systemClock } from '../../process/clock.ts';
import type { Component } from '../../process/lifecycle.ts';
import type { ProxyReport } from '../session/proxy-report.ts';
import type { Effect } from '../session/events.ts';
import { isCurrent } from '../session/report.ts';
import { hasSaidAll } from '../session/returning.ts';
import { withView } from '../session/session.ts';
import { sameView, type View } from '../session/view.ts';
import type { Snapshot } from '../snapshot/types.ts';
import { InitialSyncLimiter } from './initial-sync-limiter.ts';
import { Convergence } from './convergence.ts';
import { DepartedProxies } from './departed.ts';
import { Identification } from './identification.ts';
import { Endpoint } from './endpoint.ts';
import { FairReading } from './fair-reading.ts';
import { FanOut } from './fan-out.ts';
import { aggregatedDiscoveryService } from './service.ts';
import type { AdsServerOptions } from './options.ts';
import { endWithConnection, type IsWanted, RenewedConnections } from './renewed-connections.ts';
import { SendQueue } from './send-queue.ts';
import { noteEffects } from './effects-log.ts';
import { proxyReport } from './proxy-report.ts';
import type { Call } from './raw-call.ts';
import { Stream } from './stream.ts';
import { viewIn } from './view-in.ts';

export interface AdsServer extends Component {
  /** The port in use; 0 before start. */
  port(): number;
  publish(snapshot: Snapshot): void;
  proxies(): readonly ProxyReport[];
  /** Somebody has not acknowledged all of the latest snapshot yet. */
  isConverging(): boolean;
  /** Connections with other certificates are made anew, some at a time; null: all are wanted. */
  renewConnections(isWanted: IsWanted | null): void;
  /** Keys of the workloads whose proxies are connected, or have left and may come back. */
  connectedWorkloads(): ReadonlySet<string>;
}

export function createAdsServer(options: AdsServerOptions): AdsServer {
  return new Ads(options);
}

/** More responses than a stream is sent of one snapshot, mostly: all streams begin anew with the next. */
const noncesPerGeneration = 64;

class Ads implements AdsServer {
  readonly name = 'xds';
  private readonly options: AdsServerOptions;
  private readonly endpoint: Endpoint;
  private readonly sendQueue = new SendQueue();
  private readonly initialSync: InitialSyncLimiter<Stream>;
  private readonly streams = new Set<Stream>();
  private readonly identification: Identification;
  private readonly reading: FairReading;
  private readonly convergence = new Convergence<Stream>(systemClock);
  private readonly departed: DepartedProxies;
  private readonly fanOut: FanOut<Stream>;
  private readonly renewed: RenewedConnections<Stream>;
  /** null: to be gathered anew. */
  private connected: ReadonlySet<string> | null = null;
  private snapshot: Snapshot | null = null;

  constructor(options: AdsServerOptions) {
    this.options = options;
    this.departed = new DepartedProxies(systemClock, options.identityOf);
    this.endpoint = new Endpoint(options);
    this.initialSync = new InitialSyncLimiter(options.initialSync);
    this.identification = new Identification(options, {
      admitted: (stream) => this.admitted(stream),
      hasSnapshot: () => this.snapshot !== null,
    });
    this.renewed = new RenewedConnections({
      streams: this.streams,
      clock: systemClock,
      end: endWithConnection,
    });
    this.reading = new FairReading({
      clock: systemClock,
      slowed: (client) =>
        options.log.warn({ client }, 'requests slowed down: the client uses more than its share'),
    });
    this.fanOut = new FanOut({
      clock: systemClock,
      show: (stream) => this.update(stream),
      done: () => this.settle(),
    });
  }

  async start(): Promise<void> {
    const implementation = {
      DeltaAggregatedResources: (call: Call): void => this.accept(call, 'delta'),
      StreamAggregatedResources: (call: Call): void => this.accept(call, 'sotw'),
    };
    const { services, address, log } = this.options;
    await this.endpoint.open(address, [
      { definition: aggregatedDiscoveryService, implementation },
      ...(services?.() ?? []),
    ]);
    log.info({ port: this.port() }, 'serving xds');
  }

  /** Ends the streams: a proxy reconnects elsewhere, and keeps what it has meanwhile. */
  async stop(): Promise<void> {
    this.endpoint.stopAccepting();
    this.renewed.close();
    this.fanOut.close();
    this.reading.close();
    for (const stream of this.streams) stream.end();
    await this.endpoint.close();
  }

  ready(): boolean {
    return this.port() !== 0 && this.snapshot !== null;
  }

  port(): number {
    return this.endpoint.port;
  }

  publish(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.convergence.published();
    this.fanOut.publish(this.streams, (stream) => stream.session.view === null);
  }

  /** On the latest snapshot, also of those that have left: who has yet to be shown it is so now, or old proofs would count. */
  proxies(): readonly ProxyReport[] {
    this.fanOut.finish();
    const connected = [...this.streams].flatMap((stream) =>
      stream.workload === null ? [] : [proxyReport(stream)],
    );
    return [...connected, ...this.departed.reports(this.snapshot, connected)];
  }

  renewConnections(isWanted: IsWanted | null): void {
    this.renewed.setWanted(isWanted);
  }

  isConverging(): boolean {
    return this.convergence.isUnderWay();
  }

  connectedWorkloads(): ReadonlySet<string> {
    this.connected ??= new Set(
      [...this.streams, ...this.departed.all()].flatMap(({ workload }) => workload ?? []),
    );
    return this.connected;
  }

  private update(stream: Stream): void {
    if (!this.identification.checkAgain(stream)) return;
    if (stream.workload !== null && this.snapshot?.views.has(stream.workload) === false) {
      // Its pod is gone: what it still runs is nobody's configuration any more. If it asks again, it waits.
      stream.end();
    } else this.show(stream);
  }

  /** Brings a stream to the latest snapshot. A new one hears of it when it is its turn. */
  private show(stream: Stream): void {
    const view = this.viewFor(stream);
    if (view === null) return;
    if (stream.earlier !== null) stream.earlier = withView(stream.earlier, { view });
    const isNew = stream.session.view === null || stream.session.isHeld;
    if (!sameView(stream.session.view, view)) this.publishTo(stream, view, isNew);
    if (stream.session.isHeld) this.initialSync.acquire(stream, () => this.startSync(stream));
  }

  private startSync(stream: Stream): void {
    const view = this.viewFor(stream);
    // What it waited for may be gone by now: then it waits for that again.
    if (view === null) this.initialSync.release(stream);
    else this.publishTo(stream, view, false);
  }

  private publishTo(stream: Stream, view: View, isHeld: boolean): void {
    const nonceFrom = (this.snapshot?.generation ?? 0) * noncesPerGeneration;
    stream.dispatch({ type: 'publish', view, nowMs: systemClock.monotonicMs(), isHeld, nonceFrom });
  }

  private viewFor({ workload, session }: Stream): View | null {
    return workload === null ? null : (viewIn(this.snapshot, workload, session.view) ?? null);
  }

  private accept(call: Call, variant: 'delta' | 'sotw'): void {
    const stream = new Stream(call, variant, {
      nowMs: systemClock.monotonicMs,
      controlPlane: this.options.identifier,
      sendQueue: this.sendQueue,
      identify: (it, nodeId) => this.identification.identify(it, nodeId),
      arrived: (it, bytes) => this.reading.arrived(it, bytes),
      moved: (it, effects) => this.moved(it, effects),
      closed: (it) => this.closed(it),
    });
    this.streams.add(stream);
    this.options.observer.streams(this.streams.size);
    this.identification.arrived(stream);
  }

  private admitted(stream: Stream): void {
    const { workload, session, peer } = stream;
    this.connected = null;
    const certificate = stream.call.getAuthContext()?.sslPeerCertificate;
    stream.leaf = certificate === undefined ? null : (this.options.leafOf?.(certificate.raw) ?? null);
    stream.earlier = this.departed.take(stream.nodeId);
    this.convergence.lags(stream);
    this.endpoint.countStream(peer, 1);
    this.options.log.info({ workload, variant: session.variant }, 'proxy connected');
    if (this.viewFor(stream) === null) this.options.rebuild?.();
    else this.show(stream);
  }

  private moved(stream: Stream, effects: readonly Effect[]): void {
    noteEffects(effects, stream.workload, this.options);
    if (stream.workload === null) return;
    if (hasSaidAll(stream.session)) stream.earlier = null;
    if (isCurrent(stream.session)) {
      // Who comes back with all there is has nothing to wait for.
      if (stream.session.isHeld) return this.startSync(stream);
      this.convergence.isCurrent(stream);
      this.initialSync.release(stream);
    } else this.convergence.lags(stream);
    this.settle();
  }

  private settle(): void {
    const tookMs = this.fanOut.isDone() ? this.convergence.takeDuration() : null;
    if (tookMs !== null) this.options.observer.converged(tookMs);
    this.options.observer.changed();
  }

  private closed(stream: Stream): void {
    this.connected = null;
    this.identification.left(stream);
    if (stream.workload !== null) {
      this.endpoint.countStream(stream.peer, -1);
      this.options.log.info({ workload: stream.workload }, 'proxy disconnected');
    }
    this.streams.delete(stream);
    this.convergence.forget(stream);
    this.departed.add(stream);
    this.fanOut.forget(stream);
    this.initialSync.release(stream);
    this.options.observer.streams(this.streams.size);
    this.settle();
  }
}
