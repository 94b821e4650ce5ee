// Whatever policies make of routes can be explained, and says what the policies say.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { stringify } from 'yaml';
import { apiVersion } from '../../../api/v1alpha1/common.ts';
import { buildResources } from '../../../operator/envoy/resources/build.ts';
import { actionOf, faultOf, headerChangesOf } from '../../../operator/explain/action.ts';
import { messageIn, messagesIn, textIn } from '../../../operator/explain/fields.ts';
import { matchesRequest } from '../../../operator/explain/matchers.ts';
import { proxyConfig } from '../../../operator/explain/proxy-config.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import type { RouteIr, ValueMatchIr } from '../../../operator/ir/route.ts';
import { tooLarge } from '../../../operator/envoy/resources/outbound/large-heads.ts';
import { translate } from '../../../operator/translate/translate.ts';
import { trafficPolicySpec } from '../../support/arbitraries.ts';
import { resourcesFromYaml, translateOptions } from '../../support/builders.ts';
import { goldenCases, goldenInput } from '../../support/golden.ts';
import { runs } from '../../support/runs.ts';

const folder = 'test/golden/features';
const world = readFileSync(`${folder}/world.yaml`, 'utf8');
const request = { method: 'GET', path: '/', authority: 'reviews:9080', headers: [] };

test.each(goldenCases(folder))('%s', (name) => {
  expect(explained(irOf(goldenInput(folder, name)))).toBeGreaterThan(0);
});

test('policies made at random', () => {
  fc.assert(
    fc.property(trafficPolicySpec(), (spec) => {
      const targetRefs = [{ kind: 'Service', name: 'reviews' }];
      const document = { apiVersion, kind: 'TrafficPolicy', metadata: { name: 'random', namespace: 'shop' } };
      expect(explained(irOf(stringify({ ...document, spec: { ...spec, targetRefs } })))).toBeGreaterThan(0);
    }),
    runs(100),
  );
});

function irOf(input: string): MeshIr {
  const { ir } = translate(resourcesFromYaml(`${world}---\n${input}`), translateOptions);
  if (ir === null) throw new Error('there is a Mesh in world.yaml');
  return ir;
}

/** Reads every Envoy route there is; how many. */
function explained(ir: MeshIr): number {
  const caller = 'Pod/shop/productpage';
  const config = proxyConfig(buildResources(ir, { trustBundle: '' }), caller);
  const audience = ir.workloads.find(({ key }) => key === caller)?.audience;
  const byName = new Map(
    ir.services.flatMap(({ key, routes }) => {
      const theirs = routes.byAudience.find((one) => one.audience === audience)?.routes ?? routes.default;
      return theirs.map((route) => [`${key} ${route.name}`, route] as const);
    }),
  );
  const routes = [...config.virtualHosts.values()].flatMap(({ name, message }) => {
    const [service = '', namespace = '', port = ''] = name.slice('outbound/'.length).split(/[.:]/);
    return messagesIn(message, 'routes').map((route) => ({ route, key: `${namespace}/${service}/${port}` }));
  });
  for (const { route, key } of routes) {
    matchesRequest(messageIn(route, 'match') ?? {}, request);
    if (textIn(route, 'name') === tooLarge) continue;
    const meant = byName.get(`${key} ${textIn(route, 'name') ?? ''}`);
    if (meant === undefined) throw new Error(`a route that nobody meant: ${key}`);
    expect(said(meant)).toEqual({
      timeoutMs: timeoutIn(actionOf(config, route, request)),
      fault: faultOf(route, request) !== null,
      requestHeaders: headerChangesOf(route, 'request').length,
      responseHeaders: headerChangesOf(route, 'response').length,
    });
  }
  return routes.length;
}

function said({
  action,
  timeoutMs,
  streamTimeoutMs,
  fault,
  requestHeaders,
  responseHeaders,
  cors,
}: RouteIr): object {
  const count = (modifier: RouteIr['requestHeaders']): number =>
    modifier === null ? 0 : modifier.set.length + modifier.add.length + modifier.remove.length;
  const isServed = action.type === 'Forward' && action.backends.some((backend) => !('invalid' in backend));
  return {
    timeoutMs: isServed ? shorter(timeoutMs, streamTimeoutMs) : 0,
    fault: fault !== null && fault.abort?.type !== 'gRPC' && fault.headers.every(holdsForNone),
    requestHeaders: count(requestHeaders),
    // With `vary`.
    responseHeaders: count(responseHeaders) + (cors === null ? 0 : 1),
  };
}

/** 0: none. */
function shorter(one: number, other: number): number {
  return one === 0 || other === 0 ? one + other : Math.min(one, other);
}

/** Of a request that has no such header. */
function holdsForNone({ type, value, not }: ValueMatchIr): boolean {
  if (type === 'Present') return not;
  return not && !(type === 'Exact' ? value === '' : RE2JS.compile(value).matches(''));
}

function timeoutIn(action: ReturnType<typeof actionOf>): number {
  return action.type === 'Forward' ? action.timeoutMs : 0;
}
