// Writes spans as Zipkin takes them. Pure. @see https://zipkin.io/zipkin-api/#/default/post_spans
import type { Signal, Span } from './signals.ts';

/** As OTLP numbers kinds. */
const kinds: Readonly<Record<number, string>> = { 2: 'SERVER', 3: 'CLIENT', 4: 'PRODUCER', 5: 'CONSUMER' };
const failed = 2;

/** JSON. */
export function writeZipkin(signals: readonly Signal[]): string {
  return JSON.stringify(
    signals.flatMap((signal) =>
      signal.type === 'spans' ? signal.spans.map((span) => spanOf(span, signal.source)) : [],
    ),
  );
}

function spanOf(span: Span, { namespace, serviceAccount, spiffeId }: Signal['source']): object {
  const kind = kinds[span.kind];
  return {
    traceId: span.traceId,
    id: span.spanId,
    ...(span.parentId !== '' && { parentId: span.parentId }),
    ...(kind !== undefined && { kind }),
    name: span.name,
    // Microseconds.
    timestamp: Number(span.startNs / 1000n),
    duration: Math.max(1, Number((span.endNs - span.startNs) / 1000n)),
    localEndpoint: { serviceName: `${serviceAccount}.${namespace}` },
    tags: {
      ...span.attributes,
      'meshwright.identity': spiffeId,
      ...(span.status === failed && { error: 'true' }),
    },
  };
}
