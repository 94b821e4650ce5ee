// TrafficPolicy: how calls to Services are routed, and what happens when they fail.
import { z } from 'zod';
import { listMap, withRules } from '../../schema.ts';
import type { ApiObject } from '../common.ts';
import { Subset } from './backend.ts';
import { connectionRouteRules, tcpRoutes, tlsRoutes } from './connection-route.ts';
import { CallerIdentity } from './caller-identity.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { Connection } from './connection.ts';
import { HealthCheck } from './health-check.ts';
import { AdaptiveConcurrency, AdmissionControl, limits } from './limits.ts';
import { quotas } from './quotas.ts';
import { LoadBalancer } from './load-balancer.ts';
import { Locality } from './locality.ts';
import { OutlierDetection } from './outlier-detection.ts';
import { oneRetryLimit, Retry } from './retry.ts';
import { routes } from './route.ts';
import { targetRefs } from './target-ref.ts';
import type { TrafficPolicyStatus } from './status.ts';
import { Timeout, timeoutCoversTries } from './timeout.ts';

export const TrafficPolicySpec = withRules(
  z.object({
    targetRefs: targetRefs.describe(
      'Services whose callers obey this policy, 1 to 8. If several policies set the same field, a Service with a port takes precedence over a Service, then a Namespace, then the Mesh; among equals, the oldest policy takes precedence. For callers in the namespace of this policy, a Service of another namespace takes precedence over all of these.',
    ),
    timeout: Timeout.optional().describe(
      'Timeouts of requests, for all routes without timeouts of their own. Default: no timeouts.',
    ),
    retry: Retry.optional().describe(
      'Retries of failed requests, for all routes without a retry of their own. Default: 2 retries on ConnectFailure and RefusedStream, which are safe for requests of all kinds.',
    ),
    loadBalancer: LoadBalancer.optional().describe(
      'How callers choose an endpoint. Its fields count as one. Default: LeastRequest for HTTP, RoundRobin for TCP.',
    ),
    locality: Locality.optional().describe(
      'Endpoints of which zones each caller uses, by the zone of the caller. The fields other than panicThreshold count as one. The zone of an endpoint is that of its EndpointSlice, or else its label topology.kubernetes.io/zone. The zone of a caller is this label, or else the zone that EndpointSlices name for its Node. Default: all zones alike.',
    ),
    circuitBreaker: CircuitBreaker.optional().describe(
      'Limits of what each caller sends to the target at the same time. Each sidecar counts for itself, and each subset by itself. A request beyond a limit gets 503 at once, with the response flag UO in the access log. Default: no limits.',
    ),
    outlierDetection: OutlierDetection.optional().describe(
      'Which endpoints each caller ejects for a while, judged by its own requests. Default: endpoints that cannot be reached, after one response in which their sidecar says so, or after five failed connections; on TCP ports none, or with locality.type after one failed connection. With consecutive5xx, consecutiveGatewayErrors, successRate or failurePercentage, such a response counts as a 503 like any other.',
    ),
    healthCheck: HealthCheck.optional().describe(
      'Checks of the endpoints by each caller; an endpoint that fails them gets no requests. Its fields count as one. Each sidecar of the mesh checks each endpoint that is a workload of the namespace of the Service. Default: no checks.',
    ),
    connection: Connection.optional().describe('Connections of callers to the endpoints.'),
    limits: limits
      .default([])
      .describe(
        'Limits of the rate of requests, for all callers, in the mesh or not. The sidecar of each server counts for itself. At most 8.',
      ),
    quotas: quotas
      .default([])
      .describe(
        'Quotas of requests in a period, for all callers, in the mesh or not. The servers of a Service share each quota, by way of the operator. At most 8.',
      ),
    adaptiveConcurrency: AdaptiveConcurrency.optional().describe(
      'Limits the requests in flight at each server to what it can process without getting slower, as its own sidecar measures it. Others get 503. Its fields count as one. Default: off.',
    ),
    admissionControl: AdmissionControl.optional().describe(
      'Refuses a part of the requests with 503 at the sidecar of each server while too many of its responses are errors. Its fields count as one. Default: off.',
    ),
    callerIdentity: CallerIdentity.optional().describe(
      'A request header that tells the application who calls. The sidecar of each server writes it, so that the application can rely on it. Default: none; x-forwarded-client-cert has the identity among other things.',
    ),
    subsets: listMap(z.array(Subset).max(16), 'name')
      .default([])
      .describe(
        'Named subsets of the endpoints, which backends refer to. At most 16. Only if all targets are Services.',
      ),
    routes: routes
      .default([])
      .describe(
        'Routes, evaluated in order. A request that matches no route goes to the target as if there were no routes. At most 16. Only if all targets are Services.',
      ),
    tcpRoutes,
    tlsRoutes,
  }),
  {
    rule: 'has(self.timeout) || has(self.retry) || has(self.loadBalancer) || has(self.locality) || has(self.circuitBreaker) || has(self.outlierDetection) || has(self.healthCheck) || has(self.connection) || self.limits.size() > 0 || self.quotas.size() > 0 || has(self.adaptiveConcurrency) || has(self.admissionControl) || has(self.callerIdentity) || self.subsets.size() > 0 || self.routes.size() > 0 || self.tcpRoutes.size() > 0 || self.tlsRoutes.size() > 0',
    message:
      'Set a field besides targetRefs, such as timeout, retry or routes; without one the policy does nothing.',
  },
  {
    rule: "self.targetRefs.all(t, t.kind == 'Service') || (self.subsets.size() == 0 && self.routes.size() == 0)",
    message:
      'Remove routes and subsets, or target only Services: they cannot be the same for all Services of a Namespace or the Mesh.',
  },
  {
    rule: 'self.targetRefs.all(t, !has(t.namespace)) || !(self.limits.size() > 0 || self.quotas.size() > 0 || has(self.adaptiveConcurrency) || has(self.admissionControl) || has(self.callerIdentity) || has(self.healthCheck))',
    message:
      'Remove limits, quotas, adaptiveConcurrency, admissionControl, callerIdentity and healthCheck, or remove namespace from targetRefs: only a policy in the namespace of a Service configures or checks its servers.',
  },
  timeoutCoversTries,
  oneRetryLimit,
  {
    rule: 'self.routes.all(r, r.mirror.all(m, has(m.service) || !has(m.subset) || self.subsets.exists(s, s.name == m.subset)))',
    message: 'Declare each subset that mirror refers to in spec.subsets, or fix its name.',
  },
  {
    rule: 'self.routes.all(r, r.backends.all(b, has(b.service) || !has(b.subset) || self.subsets.exists(s, s.name == b.subset)))',
    message: 'Declare each subset that a backend refers to in spec.subsets, or fix its name.',
  },
  ...connectionRouteRules,
).describe('How calls to the targets are routed and what happens when they fail.');
export type TrafficPolicySpec = z.infer<typeof TrafficPolicySpec>;

export type TrafficPolicy = ApiObject<'TrafficPolicy', TrafficPolicySpec, TrafficPolicyStatus>;
