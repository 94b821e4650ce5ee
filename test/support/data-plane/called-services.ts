// A caller (in zone a) with a real Envoy and services that it calls through it, to be changed while it runs. Entry: CalledServices.start.
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { freePort } from '../kubernetes/free-port.ts';
import { sampleMesh, sampleService, sampleWorkload, type ServiceParts } from '../mesh-samples.ts';
import type { Closing } from './closing.ts';
import { type ServedSidecar, ServedMesh } from './served-mesh.ts';

/** By name. */
type Services = Readonly<Record<string, ServiceParts>>;

export class CalledServices {
  private readonly mesh: ServedMesh;
  private readonly ports: ReadonlyMap<string, number>;
  private services: Services;

  private constructor(mesh: ServedMesh, ports: ReadonlyMap<string, number>, services: Services) {
    this.mesh = mesh;
    this.ports = ports;
    this.services = services;
  }

  /** @param servers workloads that serve, beside the caller */
  static async start(
    services: Services,
    closing: Closing,
    servers: MeshIr['workloads'] = [],
  ): Promise<CalledServices> {
    const names = Object.keys(services);
    const ports = new Map(await Promise.all(names.map(async (name) => [name, await freePort()] as const)));
    const mesh = await ServedMesh.start(meshOf(services, ports, servers), closing);
    return new CalledServices(mesh, ports, services);
  }

  /** Where the caller reaches it. */
  at(service: string): number {
    return this.ports.get(service) ?? 0;
  }

  get sidecar(): ServedSidecar {
    return this.mesh.sidecar('caller');
  }

  /** Only of a caller without servers of ours. */
  async change(service: string, parts: ServiceParts): Promise<void> {
    this.services = { ...this.services, [service]: { ...this.services[service], ...parts } };
    await this.mesh.program(meshOf(this.services, this.ports, []));
  }
}

function meshOf(
  services: Services,
  ports: ReadonlyMap<string, number>,
  servers: MeshIr['workloads'],
): MeshIr {
  const entries = Object.entries(services).map(
    ([name, parts]) => [ports.get(name) ?? 0, sampleService(`shop/${name}/80`, parts)] as const,
  );
  const bindings = entries.map(([port, { key, protocol, carries }]) => {
    return { address: '127.0.0.1', port, service: key, protocol: carries ?? protocol };
  });
  return sampleMesh({
    services: entries.map(([, service]) => service),
    workloads: [sampleWorkload('caller', { bindings, zone: 'a' }), ...servers],
  });
}
