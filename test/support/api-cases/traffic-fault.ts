// Cases of TrafficPolicy: injected failures.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const targetRefs = [{ kind: 'Service', name: 'reviews' }];
const faulty = (fault: object): object => ({ targetRefs, routes: [{ fault }] });
const share = (percentage: number): object => faulty({ abort: { status: 500, percentage } });
const field = 'spec.routes[0].fault';
const either = { field: `${field}.abort`, message: 'Set either status or grpcStatus.' };

export const trafficFaultCases: readonly ApiCase[] = [
  ...[0, 0.001, 0.003, 0.007, 1.001, 33.333, 57.3, 99.999, 100].map((percentage) =>
    valid(`${percentage} percent`, share(percentage)),
  ),
  ...[0.0001, 1.0005, 99.99999].map((percentage) =>
    refused(`${percentage} percent`, share(percentage), {
      field: `${field}.abort.percentage`,
      message: 'Write a percentage with at most three decimals',
    }),
  ),
  ...[204, 205, 304].map((status) =>
    refused(`a response of status ${status}, which has no body`, faulty({ abort: { status } }), {
      field: `${field}.abort.status`,
      message: 'Choose another status: the response of a fault has a body',
    }),
  ),
  refused('-1 percent', share(-1), { field: `${field}.abort.percentage` }),
  refused('100.001 percent', share(100.001), { field: `${field}.abort.percentage` }),
  valid('a gRPC status', faulty({ abort: { grpcStatus: 'Unavailable', percentage: 0.5 } })),
  refused('the gRPC status of success', faulty({ abort: { grpcStatus: 'OK' } }), {
    field: `${field}.abort.grpcStatus`,
  }),
  refused('the number of a gRPC status', faulty({ abort: { grpcStatus: 14 } }), {
    field: `${field}.abort.grpcStatus`,
  }),
  refused('two statuses', faulty({ abort: { status: 503, grpcStatus: 'Unavailable' } }), either),
  refused('an abort without a status', faulty({ abort: { percentage: 1 } }), either),
  valid(
    'a fault for some requests',
    faulty({ delay: { duration: '1s' }, only: { headers: [{ name: 'x-test', type: 'Present' }] } }),
  ),
  refused('a fault for no header', faulty({ delay: { duration: '1s' }, only: { headers: [] } }), {
    field: `${field}.only.headers`,
  }),
  valid('a bandwidth', faulty({ bandwidth: { kibibytesPerSecond: 1, percentage: 0.001 } })),
  ...[0, 1_048_577].map((kibibytesPerSecond) =>
    refused(`a bandwidth of ${kibibytesPerSecond}`, faulty({ bandwidth: { kibibytesPerSecond } }), {
      field: `${field}.bandwidth.kibibytesPerSecond`,
    }),
  ),
  refused('a bandwidth of any size', faulty({ bandwidth: {} }), {
    field: `${field}.bandwidth.kibibytesPerSecond`,
  }),
  refused('nothing for some requests', faulty({ only: { headers: [{ name: 'a', value: 'b' }] } }), {
    field,
    message: 'Give the fault a delay, an abort',
  }),
];
