// What is sent to the proxies, and what they say to it.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { prefix } from './prefix.ts';

export interface XdsMetrics {
  /** How many streams are open. */
  streams(open: number): void;
  /** A response with so many resources was sent. The label of a type URL is its last word, for example VirtualHost. */
  pushed(typeUrl: string, resources: number): void;
  acked(typeUrl: string): void;
  nacked(typeUrl: string): void;
  /** From a publication until all connected proxies had acknowledged it, in milliseconds. */
  converged(durationMs: number): void;
}

const convergenceBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function addXds(registry: Registry): XdsMetrics {
  const registers = [registry];
  const streams = new Gauge({ name: `${prefix}xds_streams`, help: 'Open ADS streams.', registers });
  const byType = { labelNames: ['type'], registers };
  const pushes = new Counter({ name: `${prefix}xds_pushes_total`, help: 'Responses sent.', ...byType });
  const pushedResources = new Counter({
    name: `${prefix}xds_pushed_resources_total`,
    help: 'Resources in the responses sent.',
    ...byType,
  });
  const acks = new Counter({
    name: `${prefix}xds_acks_total`,
    help: 'Responses that a proxy acknowledged.',
    ...byType,
  });
  const nacks = new Counter({
    name: `${prefix}xds_nacks_total`,
    help: 'Responses that a proxy refused.',
    ...byType,
  });
  const convergence = new Histogram({
    name: `${prefix}convergence_seconds`,
    help: 'Time from a publication until all connected proxies had acknowledged it.',
    buckets: convergenceBuckets,
    registers,
  });
  return {
    streams: (open) => streams.set(open),
    pushed: (typeUrl, resources) => {
      pushes.inc({ type: shortType(typeUrl) });
      pushedResources.inc({ type: shortType(typeUrl) }, resources);
    },
    acked: (typeUrl) => acks.inc({ type: shortType(typeUrl) }),
    nacked: (typeUrl) => nacks.inc({ type: shortType(typeUrl) }),
    converged: (durationMs) => convergence.observe(durationMs / 1000),
  };
}

/** `type.googleapis.com/envoy.config.route.v3.VirtualHost` → `VirtualHost`. */
function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
