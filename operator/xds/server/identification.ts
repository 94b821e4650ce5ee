// Identifies the workload of a stream by its certificate, node id and source address, and checks that no other proxy of this workload
// is connected. Streams wait here until they are identified. Entry: Identification.
import { status } from '@grpc/grpc-js';
import { systemClock } from '../../process/clock.ts';
import { type AuthorizeOptions, authorizeStream, noLongerAuthorized } from './authorize-stream.ts';
import type { AdsServerOptions } from './options.ts';
import { quoted } from './quoted.ts';
import { answersPing } from './raw-call.ts';
import { OneProxyPerWorkload } from './one-proxy-per-workload.ts';
import type { Stream } from './stream.ts';
import { StreamsInALifetime } from './streams-in-a-lifetime.ts';
import { StreamsPerConnection, tooManyStreams } from './streams-per-connection.ts';
import { WaitTimeout } from './wait-timeout.ts';
import { atWallTime } from './wall-time.ts';

/** How long a proxy has to answer a ping when a second one connects for the same workload. */
const secondProxyWaitMs = 1_000;

export interface IdentificationHost {
  /** The stream is the proxy of `stream.workload` from now on. */
  admitted(stream: Stream): void;
  hasSnapshot(): boolean;
}

export class Identification {
  private readonly options: AdsServerOptions;
  private readonly authorization: AuthorizeOptions;
  private readonly host: IdentificationHost;
  private readonly perConnection = new StreamsPerConnection();
  private readonly inALifetime = new StreamsInALifetime();
  private readonly oneProxy: OneProxyPerWorkload<Stream>;
  private readonly waitTimeout: WaitTimeout<Stream>;
  /** What cancels the end of a stream with its certificate. */
  private readonly expiries = new Map<Stream, () => void>();

  constructor(options: AdsServerOptions, host: IdentificationHost) {
    this.options = options;
    this.authorization = { ...options, isTransportSecure: options.credentials !== undefined };
    this.host = host;
    this.waitTimeout = new WaitTimeout(options.waitTimeoutMs);
    this.oneProxy = new OneProxyPerWorkload({
      isAlive: ({ call }) => answersPing(call, secondProxyWaitMs),
      end: (stream) => stream.fail(status.ABORTED, 'the proxy did not answer a ping, and has reconnected'),
      refuse: (stream, holder) => this.refuseSecond(stream, holder),
      retry: (stream) => void this.identify(stream, stream.nodeId),
    });
  }

  arrived(stream: Stream): void {
    this.waitTimeout.start(stream, () => this.onWaitTimeout(stream));
    this.endWithCertificate(stream);
    const hasPlace = this.perConnection.add(stream.peer);
    if (this.inALifetime.add(stream.call) && !hasPlace)
      stream.fail(status.RESOURCE_EXHAUSTED, tooManyStreams);
  }

  left(stream: Stream): void {
    this.perConnection.remove(stream.peer);
    this.oneProxy.release(stream);
    this.waitTimeout.cancel(stream);
    this.expiries.get(stream)?.();
    this.expiries.delete(stream);
  }

  /** Returns false after ending a stream that may not go on. One that has to wait is asked again when there is something new. */
  identify(stream: Stream, nodeId: string): boolean {
    const decision = authorizeStream(stream, nodeId, this.authorization);
    if (decision.type === 'denied') {
      this.options.log.warn({ nodeId: quoted(nodeId), reason: decision.message }, 'stream refused');
      stream.fail(decision.code, decision.message);
      return false;
    }
    stream.obstacle = decision.type === 'unknown' ? (decision.reason ?? null) : null;
    if (decision.type === 'unknown' || stream.workload !== null) return true;
    const { workload } = decision;
    const hasOne = this.options.sourceOf?.(workload) !== undefined;
    if (hasOne && !this.oneProxy.claim(workload, stream)) return true;
    stream.workload = workload;
    stream.identity = this.options.identityOf(workload) ?? null;
    this.host.admitted(stream);
    return true;
  }

  /** After a change: an identified stream may have to end because its workload was replaced. Returns false after ending it. */
  checkAgain(stream: Stream): boolean {
    const { workload, nodeId } = stream;
    if (workload === null) return nodeId === '' || this.identify(stream, nodeId);
    const reason = noLongerAuthorized(stream, workload, this.authorization);
    if (reason === null) return true;
    this.options.log.info({ workload, reason }, 'stream closed');
    stream.fail(status.PERMISSION_DENIED, reason);
    return false;
  }

  private endWithCertificate(stream: Stream): void {
    const certificate = stream.call.getAuthContext()?.sslPeerCertificate;
    if (certificate === undefined) return;
    const expire = (): void => {
      this.options.log.info({ workload: stream.workload, peer: stream.peer }, 'client certificate expired');
      stream.fail(
        status.UNAUTHENTICATED,
        'the client certificate has expired: reconnect with a renewed certificate',
      );
    };
    this.expiries.set(stream, atWallTime(systemClock, Date.parse(certificate.valid_to), expire));
  }

  private onWaitTimeout(stream: Stream): void {
    const hasSnapshot = this.host.hasSnapshot();
    // Its own layer is being built.
    if (hasSnapshot && stream.workload !== null) return;
    const { obstacle, peer } = stream;
    const nodeId = quoted(stream.nodeId);
    const unknown = obstacle ?? `no workload is known for node ${nodeId}`;
    const reason = hasSnapshot ? unknown : 'this replica has no configuration to serve yet';
    this.options.log.info({ nodeId, peer, reason }, 'stream closed: no configuration for node');
    stream.fail(hasSnapshot && obstacle !== null ? status.PERMISSION_DENIED : status.UNAVAILABLE, reason);
  }

  private refuseSecond(stream: Stream, holder: Stream): void {
    const { workload, peer } = holder;
    if (workload === null) return;
    this.options.log.warn({ workload, connected: peer, second: stream.peer }, 'second proxy refused');
    this.options.onSecondProxy?.(workload, [peer, stream.peer]);
    stream.fail(
      status.ALREADY_EXISTS,
      `the proxy of ${workload} is already connected from ${peer}, and a workload can have one proxy only: stop one of the two`,
    );
  }
}
