// A server that SecurityPolicies with tokens guard, and a page that calls it through its own sidecar. Entry: TokenMesh.start.
import { SecurityPolicySpec } from '../../../api/v1alpha1/security/policy.ts';
import type { InboundPortIr } from '../../../operator/ir/inbound.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { authenticationAt } from '../../../operator/translate/policies/security/authentication.ts';
import { Redacted } from '../../../operator/values/redacted.ts';
import { loginAt, loginsOf } from '../../../operator/translate/policies/security/login.ts';
import { keysFrom } from '../../../operator/translate/policies/security/key-sources.ts';
import { policyRules, unionOf } from '../../../operator/translate/policies/security/authorization.ts';
import { freePort } from '../kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleProbe,
  sampleService,
  sampleWorkload,
  spiffeId,
  withAllLines,
} from '../mesh-samples.ts';
import { type Handler, startApplication } from './applications.ts';
import { type Answer, call } from './callers.ts';
import type { Closing } from './closing.ts';
import { ServedMesh } from './served-mesh.ts';

interface Ports {
  /** Of the page, to the server over mutual TLS. */
  readonly page: number;
  /** Of the server itself, for plaintext. */
  readonly server: number;
  readonly application: number;
}

/** Specs of SecurityPolicies for the server, but for their targets. */
export type Specs = readonly object[];

export class TokenMesh {
  readonly served: ServedMesh;
  readonly ports: Ports;
  /** What the Secret for logins holds, from the next `guard` on. */
  secret: Readonly<Record<string, string>> = {};

  private constructor(served: ServedMesh, ports: Ports) {
    this.served = served;
    this.ports = ports;
  }

  static async start(closing: Closing): Promise<TokenMesh> {
    const ports = {
      application: await startApplication('app', closing, answerAsAsked),
      page: await freePort(),
      server: await freePort(),
    };
    return new TokenMesh(await ServedMesh.start(meshWith(ports, [], {}), closing), ports);
  }

  /** Resolves when the sidecars obey. */
  async guard(...specs: Specs): Promise<void> {
    await this.served.program(this.meshOf(...specs));
  }

  meshOf(...specs: Specs): MeshIr {
    return meshWith(this.ports, specs, this.secret);
  }

  get(token: string, path = '/'): Promise<Answer> {
    return call(this.ports.page, { path, headers: { authorization: `Bearer ${token}` } });
  }
}

/** An echo, with the status that the query asks for: `?status=401`. */
const answerAsAsked: Handler = (seen, response) => {
  response.statusCode = Number(/[?&]status=(\d+)/.exec(seen.url)?.[1] ?? 200);
  response.setHeader('content-type', 'application/json').end(JSON.stringify(seen));
};

const probes = [sampleProbe('/healthy')];

function meshWith(ports: Ports, specs: Specs, secret: TokenMesh['secret']): MeshIr {
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(ports.server, { mtls: true })],
  });
  const binding = { address: '127.0.0.1', port: ports.page, service: service.key, protocol: 'HTTP' } as const;
  const inbound = sampleInbound(ports.server, ports.application, { probes, ...guardOf(specs, secret) });
  return withAllLines(
    sampleMesh({
      services: [service],
      workloads: [
        sampleWorkload('page', { bindings: [binding] }),
        sampleWorkload('server', { inbound: [inbound] }),
      ],
    }),
  );
}

const place = { protocol: 'HTTP', port: 80, knownPorts: new Set([80]) } as const;

/** What they make of a port. */
export function guardOf(
  specs: Specs,
  secret: TokenMesh['secret'] = {},
): Pick<InboundPortIr, 'authentication' | 'authorization'> {
  const policies = specs.map((spec, index) => ({
    apiVersion: 'meshwright.dev/v1alpha1' as const,
    kind: 'SecurityPolicy' as const,
    metadata: { namespace: 'shop', name: `policy-${index}` },
    spec: SecurityPolicySpec.parse({ targetRefs: [{ kind: 'Deployment', name: 'server' }], ...spec }),
  }));
  const data = Object.fromEntries(Object.entries(secret).map(([key, text]) => [key, new Redacted(text)]));
  const metadata = { namespace: 'shop', name: 'meshwright-login' };
  const logins = loginsOf(policies, [{ kind: 'Secret', metadata, data }], () => undefined);
  return {
    authentication: authenticationAt(
      policies,
      place,
      keysFrom({ beyond: new Map() }, []),
      loginAt(policies, logins),
    ),
    authorization: unionOf(policies.map((policy) => policyRules(policy, 'cluster.local', place))),
  };
}
