// The gRPC service of rate limit quotas on the xDS port: sidecars report what they counted, and are assigned what they may admit. Whose
// sidecar it is is proven before anything is read.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { BoundedWriter } from '../process/bounded-writer.ts';
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
  readonly #writers = new Map<string, BoundedWriter>();

  /** In place of one that the sidecar had before. */
  add(sidecar: string, writer: BoundedWriter): void {
    this.#writers.set(sidecar, writer);
  }

  /** It has ended. */
  remove(sidecar: string, writer: BoundedWriter): void {
    if (this.#writers.get(sidecar) === writer) this.#writers.delete(sidecar);
  }

  /** The sidecar reports elsewhere, whatever has not ended here. */
  moved(sidecar: string): void {
    this.#writers.delete(sidecar);
  }

  has(sidecar: string): boolean {
    return this.#writers.has(sidecar);
  }

  /** What Envoy reads. Nothing, if the sidecar is not connected here. */
  write(sidecar: string, bytes: Uint8Array): void {
    this.#writers.get(sidecar)?.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}

const quotaPath = '/envoy.service.rate_limit_quota.v3.RateLimitQuotaService/StreamRateLimitQuotas';

/** Of a report: ten thousand buckets. */
const mostBytes = 4 * 1024 * 1024;
/** What waits for a sidecar that does not read. It reports again, and hears the same again. */
const mostWaitingBytes = 4 * 1024 * 1024;

export function quotaService(host: QuotaHost, streams: QuotaStreams): GrpcService {
  const answer = (call: QuotaCall): void => {
    call.on('error', () => undefined);
    const refuse = (code: status, details: string): void => {
      host.refused(call.getPeer(), details);
      call.emit('error', { code, details });
    };
    const proven = host.sidecarOf(call, String(call.metadata.get(nodeIdHeader)[0] ?? ''));
    if (proven.sidecar === null) return refuse(proven.code, proven.reason);
    const { sidecar } = proven;
    const writer = new BoundedWriter(call, mostWaitingBytes);
    let isOpen = true;
    const left = (): void => {
      isOpen = false;
      streams.remove(sidecar, writer);
    };
    streams.add(sidecar, writer);
    call.on('close', left).on('cancelled', left);
    call.on('end', () => call.end());
    call.on('data', (bytes: Buffer) => {
      // What had come before the refusal is read nonetheless.
      if (!isOpen) return;
      const read = readWithin(bytes);
      if (typeof read === 'string') {
        left();
        return refuse(status.INVALID_ARGUMENT, read);
      }
      streams.add(sidecar, writer);
      host.reported(sidecar, read, bytes);
    });
  };
  return {
    definition: { StreamRateLimitQuotas: bytesMethod(quotaPath) },
    implementation: { StreamRateLimitQuotas: answer },
  };
}

/** A text says why not. */
function readWithin(bytes: Buffer): readonly Reported[] | string {
  if (bytes.length > mostBytes) return `a report has at most ${mostBytes} bytes`;
  try {
    return readReport(bytes);
  } catch (error) {
    return `the report cannot be read: ${String(error)}`;
  }
}
