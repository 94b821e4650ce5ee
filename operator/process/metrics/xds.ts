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
  const byType = (name: string, help: string): Count => countByType(`${prefix}${name}`, help, registry);
  const pushes = byType('xds_pushes_total', 'Responses sent.');
  const pushedResources = byType('xds_pushed_resources_total', 'Resources in the responses sent.');
  const acks = byType('xds_acks_total', 'Responses that a proxy acknowledged.');
  const nacks = byType('xds_nacks_total', 'Responses that a proxy refused.');
  const convergence = new Histogram({
    name: `${prefix}convergence_seconds`,
    help: 'Time from a publication until all connected proxies had acknowledged it.',
    buckets: convergenceBuckets,
    registers,
  });
  return {
    streams: (open) => streams.set(open),
    pushed: (typeUrl, resources) => {
      pushes(typeUrl, 1);
      pushedResources(typeUrl, resources);
    },
    acked: (typeUrl) => acks(typeUrl, 1),
    nacked: (typeUrl) => nacks(typeUrl, 1),
    converged: (durationMs) => convergence.observe(durationMs / 1000),
  };
}

type Count = (typeUrl: string, more: number) => void;

/** Counts in numbers of its own until somebody asks: the library looks labels up for each, and a change has several hundred to count. */
function countByType(name: string, help: string, registry: Registry): Count {
  const counts = new Map<string, number>();
  const counter = new Counter({
    name,
    help,
    labelNames: ['type'],
    registers: [registry],
    collect: () => {
      counter.reset();
      for (const [typeUrl, count] of counts) counter.inc({ type: shortType(typeUrl) }, count);
    },
  });
  return (typeUrl, more) => {
    counts.set(typeUrl, (counts.get(typeUrl) ?? 0) + more);
  };
}

/** `type.googleapis.com/envoy.config.route.v3.VirtualHost` → `VirtualHost`. */
function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
