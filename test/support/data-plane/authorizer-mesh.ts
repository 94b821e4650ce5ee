// A server that SecurityPolicies with external authorizers guard, a page that calls it through its own sidecar, and the authorizers: one that speaks gRPC
// behind a sidecar, one that speaks HTTP without. Entry: AuthorizerMesh.start.
import { SecurityPolicySpec } from '../../../api/v1alpha1/security/policy.ts';
import type { InboundPortIr } from '../../../operator/ir/inbound.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { policyRules, unionOf } from '../../../operator/translate/policies/security/authorization.ts';
import { authorizerAt, authorizerHeaders } from '../../../operator/translate/policies/security/external.ts';
import { freePort } from '../kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleProbe,
  noRetry,
  sampleRoute,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../mesh-samples.ts';
import { type Handler, startApplication } from './applications.ts';
import type { Closing } from './closing.ts';
import { type Decide, startGrpcAuthorizer } from './grpc-authorizer.ts';
import { ServedMesh } from './served-mesh.ts';

interface Ports {
  /** Of the page, to the server over mutual TLS. */
  readonly page: number;
  /** Of the server itself, for plaintext. */
  readonly server: number;
  readonly application: number;
  /** Of the sidecar of the gRPC authorizer, and of itself. */
  readonly opa: number;
  readonly opaApplication: number;
  readonly login: number;
}

export interface Deciding {
  readonly grpc: Decide;
  readonly http: Handler;
}

/** Specs of SecurityPolicies for the server, but for their targets. */
export type Specs = readonly object[];

export class AuthorizerMesh {
  readonly served: ServedMesh;
  readonly ports: Ports;

  private constructor(served: ServedMesh, ports: Ports) {
    this.served = served;
    this.ports = ports;
  }

  static async start({ grpc, http }: Deciding, closing: Closing): Promise<AuthorizerMesh> {
    const ports = {
      application: await startApplication('app', closing),
      opaApplication: await startGrpcAuthorizer(grpc, closing),
      login: await startApplication('login', closing, http),
      page: await freePort(),
      server: await freePort(),
      opa: await freePort(),
    };
    return new AuthorizerMesh(await ServedMesh.start(meshWith(ports, []), closing), ports);
  }

  /** Resolves when the sidecars obey. */
  async guard(...specs: Specs): Promise<void> {
    await this.served.program(meshWith(this.ports, specs));
  }
}

/** Whom a policy asks: by gRPC over mutual TLS; by HTTP in plaintext; nobody who answers. */
export const service = {
  opa: { name: 'opa', port: 9191 },
  login: { name: 'login', port: 4180 },
  gone: { name: 'gone', port: 80 },
} as const;

function meshWith(ports: Ports, specs: Specs): MeshIr {
  const reviews = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(ports.server, { mtls: true })],
    routes: [sampleRoute('retried', { retry: { ...noRetry, attempts: 2, on: ['ConnectFailure', 'Reset'] } })],
  });
  const opa = sampleService('shop/opa/9191', {
    peerIdentities: [spiffeId('opa')],
    endpoints: [sampleEndpoint(ports.opa, { mtls: true })],
  });
  const login = sampleService('shop/login/4180', { endpoints: [sampleEndpoint(ports.login)] });
  const binding = { address: '127.0.0.1', port: ports.page, service: reviews.key, protocol: 'HTTP' } as const;
  const guarded = sampleInbound(ports.server, ports.application, {
    probes: [sampleProbe('/healthy')],
    ...guardOf(specs),
  });
  return sampleMesh({
    services: [sampleService('shop/gone/80'), login, opa, reviews],
    workloads: [
      sampleWorkload('opa', {
        inbound: [sampleInbound(ports.opa, ports.opaApplication, { mtls: 'Strict' })],
      }),
      sampleWorkload('page', { bindings: [binding] }),
      sampleWorkload('server', { inbound: [guarded] }),
    ],
  });
}

const place = { protocol: 'HTTP', port: 80, knownPorts: new Set([80]) } as const;

function guardOf(specs: Specs): Pick<InboundPortIr, 'authorization' | 'authorizers' | 'authorizerHeaders'> {
  const policies = specs.map((spec, index) => ({
    apiVersion: 'meshwright.dev/v1alpha1' as const,
    kind: 'SecurityPolicy' as const,
    metadata: { namespace: 'shop', name: `policy-${index}` },
    spec: SecurityPolicySpec.parse({
      targetRefs: [{ kind: 'Deployment', name: 'server' }],
      authorization: spec,
    }),
  }));
  return {
    authorization: unionOf(policies.map((policy) => policyRules(policy, 'cluster.local', place))),
    authorizerHeaders: policies.flatMap((policy) => authorizerHeaders(policy, 'closed')),
    authorizers: policies.flatMap((policy) => {
      const asked = policy.spec.authorization?.external?.service;
      if (asked === undefined) return [];
      return authorizerAt(policy, { service: `shop/${asked.name}/${asked.port}` }, place) ?? [];
    }),
  };
}
