// The gRPC service of rate limit quotas on the xDS port: sidecars report what they counted, and are assigned what they may admit. Whose
// sidecar it is is proven before anything is read.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { nodeIdHeader } from '../values/sidecar-names.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import { bytesMethod } from '../xds/server/service.ts';
import type { Reported } from './ledger.ts';
import { readReport } from './rlqs-messages.ts';

export type QuotaCall = ServerDuplexStream<Buffer, Buffer>;

export type Proven =
  { readonly sidecar: string } | { readonly sidecar: null; readonly code: status; readonly reason: string };

export interface QuotaHost {
  /** Whose sidecar calls: what the node ID says is to be proven. */
  sidecarOf(call: QuotaCall, nodeId: string): Proven;
  /** bytes: the same, as Envoy sent it. */
  reported(sidecar: string, reported: readonly Reported[], bytes: Uint8Array): void;
  refused(peer: string, reason: string): void;
}

/** The streams of sidecars that are connected here. */
export class QuotaStreams {
  readonly #calls = new Map<string, QuotaCall>();

  /** Until it ends. */
  add(sidecar: string, call: QuotaCall): void {
    this.heard(sidecar, call);
    const left = (): void => {
      if (this.#calls.get(sidecar) === call) this.#calls.delete(sidecar);
    };
    call.on('close', left).on('cancelled', left);
  }

  /** In place of one that the sidecar had before. */
  heard(sidecar: string, call: QuotaCall): void {
    this.#calls.set(sidecar, call);
  }

  /** The sidecar reports elsewhere, whatever has not ended here. */
  moved(sidecar: string): void {
    this.#calls.delete(sidecar);
  }

  has(sidecar: string): boolean {
    return this.#calls.has(sidecar);
  }

  /** What Envoy reads. Nothing, if the sidecar is not connected here. */
  write(sidecar: string, bytes: Uint8Array): void {
    const call = this.#calls.get(sidecar);
    if (call === undefined || call.writableLength > mostWaitingBytes) return;
    call.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}

const quotaPath = '/envoy.service.rate_limit_quota.v3.RateLimitQuotaService/StreamRateLimitQuotas';

/** Of a report: ten thousand buckets. */
const mostBytes = 4 * 1024 * 1024;
/** What waits for a sidecar that does not read. It reports again, and hears the same again. */
const mostWaitingBytes = 4 * 1024 * 1024;

export function quotaService(host: QuotaHost, streams: QuotaStreams): GrpcService {
  const answer = (call: QuotaCall): void => {
    const refuse = (code: status, details: string): void => {
      host.refused(call.getPeer(), details);
      call.emit('error', { code, details });
    };
    call.on('error', () => undefined);
    const proven = host.sidecarOf(call, String(call.metadata.get(nodeIdHeader)[0] ?? ''));
    if (proven.sidecar === null) return refuse(proven.code, proven.reason);
    const { sidecar } = proven;
    streams.add(sidecar, call);
    call.on('end', () => call.end());
    call.on('data', (bytes: Buffer) => {
      if (bytes.length > mostBytes)
        return refuse(status.INVALID_ARGUMENT, `a report has at most ${mostBytes} bytes`);
      let reported: readonly Reported[];
      try {
        reported = readReport(bytes);
      } catch (error) {
        return refuse(status.INVALID_ARGUMENT, `the report cannot be read: ${String(error)}`);
      }
      streams.heard(sidecar, call);
      host.reported(sidecar, reported, bytes);
    });
  };
  return {
    definition: { StreamRateLimitQuotas: bytesMethod(quotaPath) },
    implementation: { StreamRateLimitQuotas: answer },
  };
}
