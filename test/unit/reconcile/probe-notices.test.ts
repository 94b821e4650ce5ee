// Which probes somebody has to be told of, before they mislead.
import { expect, test } from '@jest/globals';
import { probeNotices } from '../../../operator/reconcile/workload/probe-notices.ts';
import { liveTemplate } from './live.ts';

const otherwise =
  'or exclude the port with the pod template annotation meshwright.dev/exclude-inbound-ports.';

test.each([
  {
    it: 'a tcpSocket probe: the sidecar listens in the place of the application',
    probes: { readinessProbe: { tcpSocket: { port: 5432 } } },
    notices: [
      `The readinessProbe of container app on port 5432 uses tcpSocket, which now only shows that the sidecar listens. Use httpGet, grpc or exec, ${otherwise}`,
    ],
  },
  {
    it: 'an HTTPS probe: it cannot be told from the application’s own TLS',
    probes: { livenessProbe: { httpGet: { port: 'web', scheme: 'HTTPS' } } },
    notices: [
      `The livenessProbe of container app on port web uses HTTPS, which fails where mTLS is Strict. Use httpGet with scheme HTTP, use exec, ${otherwise}`,
    ],
  },
  {
    it: 'nothing of HTTP, gRPC and exec probes',
    probes: {
      startupProbe: { httpGet: { port: 'web', path: '/healthz' } },
      readinessProbe: { grpc: { port: 50051 } },
      livenessProbe: { exec: { command: ['true'] } },
    },
    notices: [],
  },
  {
    it: 'nothing of ports where no sidecar stands between',
    probes: {
      startupProbe: { tcpSocket: { port: 'metrics' } },
      readinessProbe: { tcpSocket: { port: 9000 } },
    },
    notices: [],
  },
])('$it', ({ probes, notices }) => {
  const ports = [
    { name: 'web', containerPort: 8080 },
    { name: 'metrics', containerPort: 9000 },
  ];
  const template = liveTemplate([], { spec: { containers: [{ name: 'app', ports, ...probes }] } });

  expect(probeNotices(template, new Set([9000]))).toEqual(notices);
});
