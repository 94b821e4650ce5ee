// The gRPC service of rate limit quotas on the xDS port: sidecars report what they counted, and are assigned what they may admit. Whose
// sidecar it is is proven before anything is read.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { nodeIdHeader } from '../values/sidecar-names.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import { bytesMethod } from '../xds/server/service.ts';
import type { Assigned, Reported } from './ledger.ts';
import { readReport, writeAssignments } from './rlqs-messages.ts';

export type QuotaCall = ServerDuplexStream<Buffer, Buffer>;

export type Proven =
  { readonly sidecar: string } | { readonly sidecar: null; readonly code: status; readonly reason: string };

export interface QuotaHost {
  /** Whose sidecar calls: what the node ID says is to be proven. */
  sidecarOf(call: QuotaCall, nodeId: string): Proven;
  reported(sidecar: string, reported: readonly Reported[]): void;
  refused(peer: string, reason: string): void;
}

/** The streams of sidecars that are connected here. */
export class QuotaStreams {
  readonly #calls = new Map<string, QuotaCall>();

  /** In place of one that the sidecar had before. */
  add(sidecar: string, call: QuotaCall): void {
    this.#calls.set(sidecar, call);
    const left = (): void => {
      if (this.#calls.get(sidecar) === call) this.#calls.delete(sidecar);
    };
    call.on('close', left).on('cancelled', left);
  }

  /** Nothing, if the sidecar is not connected here. */
  assign(sidecar: string, assigned: readonly Assigned[]): void {
    const call = this.#calls.get(sidecar);
    if (call === undefined || assigned.length === 0 || call.writableLength > mostWaitingBytes) return;
    call.write(writeAssignments(assigned));
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
      try {
        host.reported(sidecar, readReport(bytes));
      } catch (error) {
        refuse(status.INVALID_ARGUMENT, `the report cannot be read: ${String(error)}`);
      }
    });
  };
  return {
    definition: { StreamRateLimitQuotas: bytesMethod(quotaPath) },
    implementation: { StreamRateLimitQuotas: answer },
  };
}
