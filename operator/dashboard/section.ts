// The dashboard as a section of the admin server: its files, which hold no secret, and its views, for those who may see them. Entry:
// createDashboard. It reads, and changes nothing.
import type { Answer, Section, SectionRequest } from '../admin/pages.ts';
import type { AccessPort } from '../ports/access-port.ts';
import type { Clock } from '../process/clock.ts';
import { Access } from './access.ts';
import type { AskPrometheus } from './history/ask-prometheus.ts';
import { History } from './history/history.ts';
import type { Source } from './views/source.ts';
import { views } from './views/views.ts';

export interface DashboardOptions {
  readonly source: () => Source;
  /** null: there is no cluster to ask, and everybody may who reaches the loopback address. */
  readonly access: AccessPort | null;
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  readonly askPrometheus: AskPrometheus;
}

/** Nothing but its own files, no matter what a name in the cluster holds. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Views that are made at once, and the one that somebody else has to be asked for. */
type AnyView = (request: SectionRequest) => object | null | Promise<object | null>;

export function createDashboard({ source, access: port, clock, askPrometheus }: DashboardOptions): Section {
  const access = port === null ? null : new Access(port, () => clock.monotonicMs());
  const history = new History({ ask: askPrometheus, clock });
  const viewAt: AnyView = ({ path, parameters }) => {
    const name = path.slice('api/'.length);
    if (name === 'history')
      return history.view(source(), parameters.get('id') ?? '', parameters.get('range') ?? '');
    return views.get(name)?.({ source: source(), parameters }) ?? null;
  };
  return {
    answer: async (request) => {
      const answer = request.path.startsWith('api/')
        ? await viewAnswer(request, access, viewAt)
        : await fileAnswer(request.path);
      return { ...answer, headers: { ...headers, ...answer.headers } };
    },
  };
}

async function viewAnswer(request: SectionRequest, access: Access | null, viewAt: AnyView): Promise<Answer> {
  const refusal = access === null ? null : await refusalOf(access, request.authorization);
  if (refusal !== null) return refusal;
  const view = await viewAt(request);
  if (view === null) return text(404, 'There is no such thing.');
  return { status: 200, type: 'application/json', body: JSON.stringify(view) };
}

async function refusalOf(access: Access, authorization: string | undefined): Promise<Answer | null> {
  const review = await access.review(authorization);
  if (review.type === 'allowed') return null;
  if (review.type === 'forbidden') return text(403, forbidden(review.user));
  const challenge = { 'www-authenticate': 'Bearer realm="meshwright dashboard"' };
  return {
    ...text(401, 'The cluster does not know you. Open the dashboard with meshwright dashboard.'),
    headers: challenge,
  };
}

function forbidden(user: string): string {
  return `${user} may not see the dashboard. Bind the ClusterRole meshwright-dashboard to it.`;
}

async function fileAnswer(path: string): Promise<Answer> {
  const name = path === '' ? 'index.html' : path;
  // Only once somebody looks: most operators never need it.
  const { default: site } = await import('./generated/site.json', { with: { type: 'json' } });
  const files = new Map<string, string>(Object.entries(site.files));
  const body = files.get(name);
  const type = types[name.split('.').at(-1) ?? ''];
  if (body === undefined || type === undefined) return text(404, 'There is no such file.');
  return { status: 200, type, body };
}

function text(status: number, sentence: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${sentence}\n` };
}
