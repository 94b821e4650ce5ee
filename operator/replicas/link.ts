// One stream to the leader: the whole state first, then what changes, a batch each time the leader says so.
import { Client, status, type ChannelCredentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { BoundedWriter } from '../process/bounded-writer.ts';
import type { Clock } from '../process/clock.ts';
import { createStatusLoop, type StatusLoop } from '../process/status-loop.ts';
import type { Counted } from '../telemetry/point.ts';
import { WaitingCounts } from './counts.ts';
import { deltaOf, nothingReported, type Own, type Reported } from './delta.ts';
import { writeBatch } from './messages.ts';
import { serverName } from './peer-credentials.ts';
import { asIs } from '../xds/server/service.ts';
import { type QuotaMessage, readQuotaMessage, writeQuotaMessage } from './quota-message.ts';
import { heartbeatMs, quotasPath, reportPath, silenceMs } from './service.ts';

export interface LinkOptions {
  /** host:port */
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly replica: string;
  readonly own: () => Own;
  /** `monotonicMs` is the clock of `connectedAtMs`. */
  readonly clock: Clock;
  /** The leader listens. */
  readonly onAccepted: () => void;
  /** The leader has assigned a share of a quota to a sidecar of this replica. */
  readonly onQuota: (message: QuotaMessage) => void;
  /** Called once, not after `close`. */
  readonly onEnd: (why: string) => void;
}

// @see https://github.com/grpc/grpc-node/tree/master/packages/grpc-js#supported-channel-options
const channelOptions = {
  'grpc.ssl_target_name_override': serverName,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
};

/** What waits for a leader that does not read: reports of a hundred sidecars with 1,000 buckets. Others are left out. */
const mostQuotaBytes = 16 * 1024 * 1024;

export class Link {
  readonly #options: LinkOptions;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #quotas: ClientDuplexStream<Buffer, Buffer>;
  readonly #reports: BoundedWriter;
  readonly #loop: StatusLoop;
  readonly #counts = new WaitingCounts();
  #reported: Reported = nothingReported;
  #heardAtMs: number;
  /** The leader has asked for the next batch. */
  #hasCredit = false;
  /** There may be something to report; at first there always is. */
  #isDirty = true;
  #isOpen = true;
  #cancelTick: () => void;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#heardAtMs = options.clock.monotonicMs();
    this.#client = new Client(options.address, options.credentials, channelOptions);
    this.#call = this.#client.makeBidiStreamRequest(reportPath, asIs, asIs);
    this.#quotas = this.#client.makeBidiStreamRequest(quotasPath, asIs, asIs);
    this.#reports = new BoundedWriter(this.#quotas, mostQuotaBytes);
    this.#loop = createStatusLoop({
      clock: options.clock,
      compute: () => this.#report(),
    });
    this.#cancelTick = options.clock.after(heartbeatMs, () => this.#tick());
    this.#call.on('data', () => this.#onCredit());
    // The status says it all.
    this.#call.on('error', () => undefined);
    this.#call.on('status', ({ code, details }) => this.#end(`${status[code] ?? code}: ${details}`));
    this.#quotas.on('data', (bytes: Buffer) => {
      const read = readQuotaMessage(bytes);
      if (this.#isOpen && read !== null) options.onQuota({ type: 'assignment', ...read });
    });
    this.#quotas.on('error', () => undefined);
    this.#quotas.on('status', ({ code, details }) => {
      // Of an earlier version. The rest is reported to it nonetheless.
      if (code !== status.UNIMPLEMENTED) this.#end(`${status[code] ?? code}: ${details}`);
    });
  }

  /** Told at once. */
  quota(message: QuotaMessage): void {
    this.#reports.write(writeQuotaMessage(message));
  }

  changed(): void {
    this.#isDirty = true;
    if (this.#hasCredit) this.#loop.changed();
  }

  /** Told with the next batch. */
  counted(counted: Counted): void {
    this.#counts.add(counted);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cancelTick();
    this.#loop.close();
    this.#call.cancel();
    this.#quotas.cancel();
    this.#client.close();
  }

  #end(why: string): void {
    if (!this.#isOpen) return;
    this.close();
    this.#options.onEnd(why);
  }

  #onCredit(): void {
    if (!this.#isOpen) return;
    this.#heardAtMs = this.#options.clock.monotonicMs();
    this.#hasCredit = true;
    this.#options.onAccepted();
    if (this.#reported === nothingReported) this.#report();
    else if (this.#isDirty) this.#loop.changed();
  }

  #report(isDue = false): void {
    if (!this.#isOpen || !this.#hasCredit) return;
    const isFirst = this.#reported === nothingReported;
    const delta = deltaOf(this.#reported, this.#options.own(), this.#options.clock.monotonicMs());
    this.#reported = delta.reported;
    this.#isDirty = false;
    if (delta.changes.length === 0 && !isFirst && !isDue) return;
    this.#hasCredit = false;
    this.#write(writeBatch(this.#options.replica, [...delta.changes, ...this.#counts.take()]));
  }

  /** One message after the other, as the connection takes them. */
  #write(messages: Generator<Buffer>): void {
    const next = messages.next();
    if (next.done === true || !this.#isOpen) return;
    this.#call.write(next.value, () => this.#write(messages));
  }

  #tick(): void {
    this.#cancelTick = this.#options.clock.after(heartbeatMs, () => this.#tick());
    if (this.#hasCredit) this.#report(true);
    else if (this.#options.clock.monotonicMs() - this.#heardAtMs > silenceMs)
      this.#end(`nothing was heard for ${silenceMs} ms`);
  }
}
