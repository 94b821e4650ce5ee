// What of a policy works on which ports: HTTP has requests, TCP has connections, and TLS has connections that begin with a server name.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import type { PortView } from '../../facts/service-view.ts';
import { listed } from '../../facts/verdicts.ts';
import { rememberEach } from '../../../values/remember.ts';
import { tcpSettings } from './destination/destination.ts';
import { claimsOf } from './traffic-policy.ts';

type PortKind = Pick<PortView, 'protocol' | 'tls'>;

/** Fields as users write them, by what they need; subsets need nothing. */
const fieldsOf = rememberEach((policy: TrafficPolicy) => {
  const { routing, settings } = claimsOf(policy);
  const onTcp = tcpSettings(settings);
  const { routes = [], connectionRoutes = [] } = routing ?? {};
  const hasTls = connectionRoutes.some(({ sni }) => sni.length > 0);
  const hasTcp = connectionRoutes.some(({ sni }) => sni.length === 0);
  return {
    any: Object.keys(onTcp),
    http: [
      ...Object.keys(settings).filter((slot) => !Object.hasOwn(onTcp, slot)),
      ...limitedFields(policy),
      ...(routes.length > 0 ? ['routes'] : []),
    ],
    tcp: hasTcp ? ['tcpRoutes'] : [],
    tls: hasTls ? ['tlsRoutes'] : [],
  };
});

/** The type of a claim → the field whose items are such claims. */
const lists: Readonly<Record<string, string | undefined>> = { Rate: 'limits', Quota: 'quotas' };

/** The fields that the sidecars of its servers obey. */
export const limitedFields = rememberEach((policy: TrafficPolicy): readonly string[] => {
  const { limits } = claimsOf(policy);
  const fields = Object.entries(limits).map(([slot, { type }]) => lists[type] ?? slot);
  return [...new Set(fields)];
});

/** Those that have no effect on such a port. */
export function idleFields(policy: TrafficPolicy, { protocol, tls: speaksTls }: PortKind): readonly string[] {
  const { http, tcp, tls } = fieldsOf(policy);
  if (protocol === 'HTTP') return [...tcp, ...tls];
  return speaksTls ? http : [...http, ...tls];
}

/** Whether something of it has an effect on such a port. */
export function worksOn(policy: TrafficPolicy, port: PortKind): boolean {
  const { any, http, tcp, tls } = fieldsOf(policy);
  const idle = idleFields(policy, port).length;
  return idle === 0 || idle < any.length + http.length + tcp.length + tls.length;
}

/** Sentences about fields that have no effect on some of these ports. */
export function idleSentences(policy: TrafficPolicy, ports: readonly PortView[]): readonly string[] {
  const { http, tcp, tls } = fieldsOf(policy);
  const onTcp = ports.filter(({ protocol }) => protocol === 'TCP');
  return [
    ...sentence(http, 'TCP port', onTcp, 'Set appProtocol: http on the Service port if it serves HTTP.'),
    ...sentence(
      tls,
      'TCP port',
      onTcp.filter((port) => !port.tls),
      'Set appProtocol: tls on the Service port if its clients begin with a TLS handshake.',
    ),
    ...sentence(
      [...tcp, ...tls],
      'HTTP port',
      ports.filter(({ protocol }) => protocol === 'HTTP'),
      'Use routes, or set appProtocol: tcp on the Service port if it does not serve HTTP.',
    ),
  ];
}

/** routes, limits */
const isList = /^\w+s$/;

function sentence(
  fields: readonly string[],
  what: string,
  ports: readonly PortView[],
  advice: string,
): readonly string[] {
  if (fields.length === 0 || ports.length === 0) return [];
  const verb = fields.length === 1 && !isList.test(fields[0] ?? '') ? 'has' : 'have';
  return [`${listed(fields)} ${verb} no effect on ${what} ${listed(ports.map(({ key }) => key))}. ${advice}`];
}
