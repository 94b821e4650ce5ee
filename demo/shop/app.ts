// One service of the shop, as little as it can be: answers GET with its name and version and, if it has an upstream,
// with that one's answer; when the upstream fails, it fails too. /healthz asks nobody, and neither does /STATUS/MILLISECONDS, which answers with
// that status after that time. After /break it answers 500, until /repair. It knows nothing of the mesh.
//   node app.ts --service reviews --version v1 --port 20005 [--host 0.0.0.0] [--upstream http://127.0.0.1:20006]
import { Agent, createServer, get, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { isAnswer, type Answer } from './answer.ts';

const text = { type: 'string', default: '' } as const;
const { values: settings } = parseArgs({
  options: {
    service: text,
    version: text,
    port: text,
    host: { type: 'string', default: '127.0.0.1' },
    upstream: text,
  },
});
const agent = new Agent({ keepAlive: true });

async function answer(headers: IncomingHttpHeaders, response: ServerResponse): Promise<void> {
  const self = { service: settings.service, version: settings.version };
  if (settings.upstream === '') {
    send(response, 200, self);
    return;
  }
  const upstream = await callUpstream(headers);
  if ('error' in upstream) send(response, 503, { ...self, error: upstream.error });
  else send(response, 200, { ...self, upstream });
}

/** Passes on the header that says which group of users the caller belongs to, as an application would. */
function callUpstream(headers: IncomingHttpHeaders): Promise<Answer | { error: string }> {
  const group = headers['x-group'];
  return new Promise((resolve) => {
    const request = get(settings.upstream, {
      agent,
      headers: group === undefined ? {} : { 'x-group': group },
    });
    request.on('error', (error) => resolve({ error: `the upstream could not be reached: ${error.message}` }));
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (body += part));
      response.on('error', (error) => resolve({ error: `the upstream broke off: ${error.message}` }));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(parse(body));
        else resolve({ error: `the upstream answered ${response.statusCode}: ${body.slice(0, 200)}` });
      });
    });
  });
}

function parse(body: string): Answer | { error: string } {
  try {
    const value: unknown = JSON.parse(body);
    return isAnswer(value) ? value : { error: `the upstream answered something else: ${body.slice(0, 200)}` };
  } catch {
    return { error: `the upstream answered no JSON: ${body.slice(0, 200)}` };
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

/** undefined: it is not told what to answer. */
function told(url: string): { readonly status: number; readonly delayMs: number } | undefined {
  const [, status, delayMs] = /^\/(\d{3})\/(\d+)$/.exec(url) ?? [];
  return status === undefined ? undefined : { status: Number(status), delayMs: Number(delayMs) };
}

let isBroken = false;

const server = createServer((request, response) => {
  // It no longer listens: what is still answered ends its connection, too.
  if (!server.listening) response.setHeader('connection', 'close');
  if (request.url === '/healthz')
    send(response, 200, { service: settings.service, version: settings.version });
  else if (told(request.url ?? '') !== undefined) {
    const { status, delayMs } = told(request.url ?? '') ?? { status: 200, delayMs: 0 };
    setTimeout(() => send(response, status, {}), delayMs);
  } else if (request.url === '/break' || request.url === '/repair') {
    isBroken = request.url === '/break';
    send(response, 200, {});
  } else if (isBroken) send(response, 500, { error: 'broken' });
  else void answer(request.headers, response);
});
// The sidecar keeps idle connections for an hour: closing them here would race with its next request.
server.keepAliveTimeout = 0;
server.on('error', (error) => {
  process.stderr.write(
    `${settings.service} cannot listen on ${settings.host}:${settings.port}: ${error.message}\n`,
  );
  process.exitCode = 1;
});
server.listen(Number(settings.port), settings.host);
// Takes no new connections, answers what it has, and is gone.
process.once('SIGTERM', () => server.close(() => process.exit()));
