// Sends to providers, over gRPC and HTTP. Entry: createSender.
import { Buffer } from 'node:buffer';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { ProviderIr, ReceiverIr } from '../ir/provider.ts';
import type { GoogleHost } from './google/credentials.ts';
import { createGoogleSender } from './google/send.ts';
import type { Outcome } from './outbox.ts';
import { causeOf, shortened } from './reason.ts';
import type { Sender } from './sender.ts';
import type { Signal } from './signals.ts';
import { writeOtlp } from './write-otlp.ts';
import { pluginPath, writePlugin } from './write-plugin.ts';
import { writeZipkin } from './write-zipkin.ts';

const timeoutMs = 5_000;

export function createSender(provider: ProviderIr, host: GoogleHost): Sender {
  if (provider.type === 'GoogleCloud') return createGoogleSender(provider, host);
  if (provider.type === 'Zipkin') return overHttp((_, signals) => zipkinRequest(provider.endpoint, signals));
  if (provider.type === 'Plugin')
    return overGrpc(
      provider,
      () => pluginPath,
      (_, signals) => writePlugin(signals),
    );
  return provider.protocol === 'HTTP'
    ? overHttp((type, signals) => otlpRequest(provider.endpoint, type, signals))
    : overGrpc(provider, (type) => grpcPaths[type], writeOtlp);
}

const grpcPaths: Readonly<Record<Signal['type'], string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  spans: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  counts: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};
const httpPaths: Readonly<Record<Signal['type'], string>> = {
  logs: '/v1/logs',
  spans: '/v1/traces',
  counts: '/v1/metrics',
};

/** Another attempt may succeed. @see https://opentelemetry.io/docs/specs/otlp/#failures */
const passing: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
  status.RESOURCE_EXHAUSTED,
]);

const asIs = (bytes: Buffer): Buffer => bytes;

function overGrpc(
  { endpoint }: ReceiverIr,
  pathOf: (type: Signal['type']) => string,
  write: (type: Signal['type'], signals: readonly Signal[]) => Uint8Array,
): Sender {
  const { protocol, host, hostname, port } = new URL(endpoint);
  const isSecure = protocol === 'https:';
  const target = port === '' ? `${hostname}:${isSecure ? 443 : 80}` : host;
  const client = new Client(target, isSecure ? credentials.createSsl() : credentials.createInsecure());
  const send: Sender['send'] = async (type, signals) => {
    const bytes = Buffer.from(write(type, signals));
    return await new Promise<Outcome>((resolve) => {
      const deadline = Date.now() + timeoutMs;
      client.makeUnaryRequest(pathOf(type), asIs, asIs, bytes, { deadline }, (error: ServiceError | null) =>
        resolve(error === null ? { type: 'taken' } : outcomeOf(error)),
      );
    });
  };
  return { send, close: () => client.close() };
}

function outcomeOf({ code, details }: ServiceError): Outcome {
  const reason = `${status[code]}: ${shortened(details)}`;
  // As gRPC itself says it, in each language. Others who are out of something may have it later.
  if (code === status.RESOURCE_EXHAUSTED && /message larger than/i.test(details))
    return { type: 'tooLarge', reason };
  if (code === status.INVALID_ARGUMENT) return { type: 'invalid', reason };
  return { type: passing.has(code) ? 'failed' : 'refused', reason };
}

interface HttpRequest {
  readonly url: string;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

function otlpRequest(endpoint: string, type: Signal['type'], signals: readonly Signal[]): HttpRequest {
  const url = endpoint.replace(/\/+$/, '') + httpPaths[type];
  return { url, contentType: 'application/x-protobuf', body: writeOtlp(type, signals) };
}

function zipkinRequest(endpoint: string, signals: readonly Signal[]): HttpRequest {
  const { pathname } = new URL(endpoint);
  const url = pathname === '/' ? new URL('/api/v2/spans', endpoint).href : endpoint;
  return { url, contentType: 'application/json', body: writeZipkin(signals) };
}

function overHttp(write: (type: Signal['type'], signals: readonly Signal[]) => HttpRequest): Sender {
  const ending = new AbortController();
  const send: Sender['send'] = async (type, signals) => {
    const { url, contentType, body } = write(type, signals);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: typeof body === 'string' ? body : Buffer.from(body),
        redirect: 'error',
        signal: AbortSignal.any([ending.signal, AbortSignal.timeout(timeoutMs)]),
      });
      const answer = await response.text();
      if (response.ok) return { type: 'taken' };
      const reason = `HTTP ${response.status} ${shortened(answer)}`.trim();
      if (response.status === 413) return { type: 'tooLarge', reason };
      if ([400, 422].includes(response.status)) return { type: 'invalid', reason };
      const isPassing = [408, 429].includes(response.status) || response.status >= 500;
      return { type: isPassing ? 'failed' : 'refused', reason };
    } catch (error) {
      return { type: 'failed', reason: causeOf(error) };
    }
  };
  return { send, close: () => ending.abort() };
}
