// What callers may try over HTTP/2, where method, path and host are fields that clients write as they like: what a rule denies does not reach the application.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RequestIr } from '../../operator/ir/request.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { callHttp2 } from '../support/data-plane/http2-call.ts';
import { startHttp2Server } from '../support/data-plane/http2-server.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleInbound,
  sampleMesh,
  sampleRequest,
  sampleRule,
  sampleWorkload,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const admin = { type: 'PathPrefix', value: '/admin', ignoreCase: false } as const;
const denied: Readonly<Record<string, Partial<RequestIr>>> = {
  host: { hosts: ['admin.example'] },
  path: { paths: [admin] },
  method: { methods: ['DELETE'] },
};
const ports = new Map<string, number>();

beforeAll(async () => {
  const application = await startEcho();
  const inbound = [];
  for (const [name, request] of Object.entries(denied)) {
    // oxlint-disable-next-line no-await-in-loop -- each port once
    const port = await freePort();
    ports.set(name, port);
    const deny = [sampleRule('shop/guard/rule', 'anyone', [sampleRequest(request)])];
    inbound.push(sampleInbound(port, application, { authorization: { deny, allow: 'all' } }));
  }
  const server = sampleWorkload('server', { inbound: inbound.toSorted((a, b) => a.port - b.port) });
  await startSidecars(sampleMesh({ workloads: [server] }), closing);
});

/** An application that answers with what it saw, in a header. */
async function startEcho(): Promise<number> {
  return startHttp2Server(closing, (stream, headers) => {
    stream.respond({ ':status': 200, 'x-seen': encodeURIComponent(JSON.stringify(headers)) });
    stream.end();
  });
}

/** What the application saw; null: nothing. */
async function seen(rule: string, headers: Readonly<Record<string, string>>): Promise<string | null> {
  const { fields } = await callHttp2(ports.get(rule) ?? 0, {
    headers: { ':method': 'GET', ':path': '/', ':authority': 'shop.example', ...headers },
  });
  return fields[':status'] === 200 ? decodeURIComponent(String(fields['x-seen'])) : null;
}

test.each(Object.keys(denied))('other requests reach the application: %s', async (rule) => {
  expect(await seen(rule, { ':path': '/public' })).toContain('"/public"');
});

describe('what is denied does not reach the application', () => {
  test.each([
    ['host', { ':authority': 'admin.example' }],
    ['host', { ':authority': 'ADMIN.example:80' }],
    ['host', { ':authority': 'admin.example.' }],
    ['host', { ':authority': 'x@admin.example' }],
    ['host', { host: 'admin.example' }],
    ['host', { ':authority': 'admin.example', host: 'shop.example' }],
    ['host', { ':path': 'http://admin.example/' }],
    ['path', { ':path': '/admin' }],
    ['path', { ':path': '//admin' }],
    ['path', { ':path': '/x/../admin' }],
    ['path', { ':path': '/%61dmin' }],
    ['path', { ':path': 'admin' }],
    ['path', { ':path': 'http://shop.example/admin' }],
    ['path', { ':path': '/admin#x' }],
    ['path', { ':path': '/admin', ':scheme': 'https' }],
    ['method', { ':method': 'DELETE' }],
    ['method', { ':method': 'delete' }],
    ['method', { ':method': 'Delete' }],
  ])('%s: %j', async (rule, headers) => {
    expect((await seen(rule, headers))?.toLowerCase() ?? '').not.toMatch(/admin|delete/);
  });
});
