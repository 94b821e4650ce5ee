// Where the dashboard reads more than the last hour.
import { z } from 'zod';
import { endpoint } from './endpoint.ts';

export const Prometheus = z
  .object({
    url: endpoint('http://prometheus.monitoring.svc:9090').describe(
      'URL of the API of Prometheus, without /api/v1. With https, the certificate must be from a CA that Node.js trusts.',
    ),
  })
  .exactOptional()
  .describe(
    'The Prometheus that scrapes /metrics/traffic of the operator, or what has its API. The dashboard reads from it what is older than an hour; whoever may see the dashboard sees that. Default: none, and the dashboard shows the last hour.',
  );
