// An answer as people read it: a line for each thing the sidecar does, and the field that says so.
import { variesByOrigin } from '../envoy/resources/outbound/cors.ts';
import { isEgressCluster } from '../envoy/resources/names.ts';
import type { AccessAtServers } from './access/access.ts';
import { accessLines } from './access/access-text.ts';
import type { Answer } from './answer.ts';
import { backendText, balancingText, clusterText, milliseconds, rounded } from './backend-text.ts';
import type {
  Action,
  Backend,
  Cors,
  Fault,
  Forward,
  HeaderChange,
  LimitAtServers,
  Outcome,
} from './explanation.ts';
import { limitText } from './limit-text.ts';
import { retryText } from './retry-text.ts';
import { from, inRoute, type Line, line, type Sources, table } from './lines.ts';

/** Ends with a new line. */
export function textOf(answer: Answer): string {
  const { question, caller, address } = answer;
  const request = isRequest(answer) ? `, ${question.method} ${question.path}` : '';
  const head = `${nameIn(caller)} to ${question.to} (${address})${request}`;
  return `${head}\n${table(linesOf(answer))}`;
}

/** Without the kind: `shop/productpage-1`, or an address. */
function nameIn(caller: string): string {
  return caller.slice(caller.indexOf('/') + 1);
}

function isRequest({ explanation: { outcome } }: Answer): boolean {
  return outcome.type === 'Http' || outcome.type === 'Direct';
}

function linesOf(answer: Answer): readonly Line[] {
  return [
    ...routingLines(answer),
    ...answer.access.flatMap(linesOfAccess),
    ...(isRefusedEverywhere(answer) ? [] : answer.limits.map(limitLine)),
  ];
}

/** Whom nobody lets in uses up no limit. */
function isRefusedEverywhere({ access }: Answer): boolean {
  return access.length > 0 && access.every((one) => one.access?.verdict.type === 'Refused');
}

function linesOfAccess(access: AccessAtServers): readonly Line[] {
  return accessLines(access).map(({ title, text, sources }) =>
    line(title, text, sources.map((source) => from(source)).join('; ')),
  );
}

function routingLines({ explanation: { outcome, listener }, service, sources }: Answer): readonly Line[] {
  switch (outcome.type) {
    case 'Closed':
      return [
        line(
          'Result',
          listener === null ? 'The sidecar does not listen there.' : 'The sidecar closes the connection.',
          from(sources['routes']),
        ),
      ];
    case 'Direct':
      return [
        line('Route', 'none: the caller has no sidecar'),
        ...backendLines(outcome.backends, '', 'connections are refused'),
      ];
    case 'Tcp':
      return [
        line('Protocol', protocolText(service, outcome.backends)),
        ...backendLines(outcome.backends, from(sources['routes']), 'connections are closed'),
        ...balancingLines(outcome.backends, [], sources),
      ];
    case 'Http':
      return httpLines(outcome, sources);
  }
}

function protocolText(service: string | null, backends: readonly Backend[]): string {
  if (backends.some(({ cluster }) => isEgressCluster(cluster)))
    return 'TLS of the caller, to a host outside the mesh.';
  return service === null
    ? 'Any: no Service of the mesh has this address, so the connection goes where the caller sent it.'
    : 'TCP. Set appProtocol: http on the Service port if it serves HTTP.';
}

function httpLines(outcome: Extract<Outcome, { type: 'Http' }>, sources: Sources): readonly Line[] {
  const route = outcome.route ?? 'none matches';
  return [
    line('Route', route, from(sources['routes'])),
    ...corsLines(outcome.cors, inRoute(sources, 'cors')),
    ...faultLines(outcome.fault, inRoute(sources, 'fault')),
    ...headerLines('Request', outcome.requestHeaders, () => inRoute(sources, 'requestHeaders')),
    ...actionLines(outcome.action, sources),
    ...headerLines('Response', outcome.responseHeaders, (change) =>
      inRoute(sources, isOfCors(change) ? 'cors' : 'responseHeaders'),
    ),
  ];
}

function isOfCors({ type, name, value }: HeaderChange): boolean {
  return type === 'Add' && name === variesByOrigin.name && value === variesByOrigin.value;
}

function actionLines(action: Action, sources: Sources): readonly Line[] {
  switch (action.type) {
    case 'Redirect':
      return [line('Redirect', `${action.status} to ${action.location}`, inRoute(sources, 'redirect'))];
    case 'Respond':
      return [line('Response', `${action.status} ${action.body.trim()}`.trim())];
    case 'Forward':
      return forwardLines(action, sources);
  }
}

function forwardLines(action: Forward, sources: Sources): readonly Line[] {
  const timeout = action.timeoutMs === 0 ? 'none' : milliseconds(action.timeoutMs);
  return [
    ...(action.path === null ? [] : [line('Path', action.path, inRoute(sources, 'rewrite'))]),
    ...(action.authority === null ? [] : [line('Host', action.authority, inRoute(sources, 'rewrite'))]),
    ...backendLines(action.backends, isOutside(action) ? '' : inRoute(sources, 'backends')),
    ...balancingLines(action.backends, action.hashOn, sources),
    ...(action.sessionCookie === null
      ? []
      : [
          line(
            'Session',
            `at one endpoint, by cookie ${action.sessionCookie}`,
            from(sources['loadBalancer']),
          ),
        ]),
    ...action.mirrors.map(({ cluster, percentage }) =>
      line('Mirror', `${percentage}% to ${clusterText(cluster)}`, inRoute(sources, 'mirror')),
    ),
    line(
      'Timeout',
      timeout,
      settingSource(sources, (name) => timeoutFields.includes(name)),
    ),
    ...(action.idleTimeoutMs === 0
      ? []
      : [line('Idle', milliseconds(action.idleTimeoutMs), from(sources['timeout.idle'], true))]),
    line(
      'Retries',
      retryText(action.retry),
      settingSource(sources, (name) => name.startsWith('retry.')),
    ),
  ];
}

/** What says so is no route of a policy. */
function isOutside({ backends }: Forward): boolean {
  return backends.some(({ cluster }) => isEgressCluster(cluster));
}

function backendLines(
  backends: readonly Backend[],
  source: string,
  fate = 'callers get a 503',
): readonly Line[] {
  return backends.map((backend, index) =>
    line(
      index === 0 ? 'Backend' : '',
      backendText(backend, backends.length > 1, fate),
      index === 0 ? source : '',
    ),
  );
}

/** Most backends are chosen from alike. */
function balancingLines(
  backends: readonly Backend[],
  hashOn: readonly string[],
  sources: Sources,
): readonly Line[] {
  const texts = backends.flatMap(({ balancing }) =>
    balancing === null ? [] : [balancingText(balancing, hashOn)],
  );
  return [...new Set(texts)].map((text) => line('Balancing', text, from(sources['loadBalancer'], true)));
}

const timeoutFields: readonly string[] = ['timeout.request', 'timeout.stream'];

/** Of some settings: each object once, with its fields. */
function settingSource(sources: Sources, isOne: (setting: string) => boolean): string {
  const said = Object.entries(sources).filter(([setting]) => isOne(setting));
  const objects = [...new Set(said.map(([, { object }]) => object))];
  if (objects.length === 0) return 'default';
  return objects
    .map((object) =>
      [object, ...said.flatMap(([, one]) => (one.object === object ? one.field : []))].join(', '),
    )
    .join('; ');
}

function corsLines(cors: Cors | null, source: string): readonly Line[] {
  if (cors === null) return [];
  const { origin, isAllowed, isPreflight } = cors;
  const what = isPreflight ? 'the sidecar answers the preflight request: ' : '';
  return [line('CORS', `${what}${origin} is ${isAllowed ? '' : 'not '}allowed`, source)];
}

function faultLines(fault: Fault | null, source: string): readonly Line[] {
  if (fault === null) return [];
  const { delay, abort, bandwidth } = fault;
  return [
    ...(delay === null
      ? []
      : [line('Delay', `${milliseconds(delay.durationMs)} for ${rounded(delay.percentage)}%`, source)]),
    ...(abort === null ? [] : [line('Abort', `${abort.status} for ${rounded(abort.percentage)}%`, source)]),
    ...(bandwidth === null
      ? []
      : [
          line(
            'Bandwidth',
            `${bandwidth.kibibytesPerSecond} KiB/s for ${rounded(bandwidth.percentage)}%`,
            source,
          ),
        ]),
  ];
}

const verbs = { Set: 'set', Add: 'add', Remove: 'remove' } as const;

/** Those that sidecars write for themselves are of no interest. */
function headerLines(
  title: string,
  changes: readonly HeaderChange[],
  source: (change: HeaderChange) => string,
): readonly Line[] {
  return changes
    .filter(({ name }) => !name.startsWith('x-meshwright-'))
    .map((change) => {
      const { type, name, value } = change;
      const text = type === 'Remove' ? `${verbs[type]} ${name}` : `${verbs[type]} ${name}: ${value}`;
      return line(`${title} header`, text, source(change));
    });
}

function limitLine(limit: LimitAtServers): Line {
  const [title, text] = limitText(limit);
  return line(title, text, from(limit.source));
}
