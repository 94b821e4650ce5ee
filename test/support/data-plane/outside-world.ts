// A Pod with a sidecar, and hosts outside the mesh that it may or may not call: each in a network namespace, with names of their own in
// a DNS server of the test. Entry: OutsideWorld.start.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AllowedHostIr } from '../../../operator/ir/allowed-host.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { sampleMesh, sampleService, sampleWorkload } from '../mesh-samples.ts';
import { ipv6Of, type NameServer, type NetworkPod, startPodNetwork } from '../pod-network/network.ts';
import type { Attempt, Outcome } from '../pod-network/outgoing.ts';
import type { Closing } from './closing.ts';
import { type HostAuthority, makeHostAuthority } from './host-certificates.ts';
import { ServedMesh, type ServedSidecar } from './served-mesh.ts';

/** Of every host. */
export const hostPorts = { tls: 443, plain: 80 } as const;

const callerAddress = '10.1.0.1';
/** What the application of the caller serves itself, as if it were such a host. */
const itself = 'itself.example';

/** What of the mesh a test is about. */
export interface Outbound {
  readonly mode?: MeshIr['settings']['outboundMode'];
  readonly allowedHosts: readonly AllowedHostIr[];
  readonly learnsHosts?: boolean;
  readonly services?: MeshIr['services'];
}

interface Parts {
  /** By host: what its program has printed. */
  readonly said: ReadonlyMap<string, () => Promise<string>>;
  readonly authority: HostAuthority;
  readonly caller: NetworkPod;
  /** The file that says what names mean. */
  readonly names: string;
  readonly nameServer: NameServer;
  readonly mesh: ServedMesh;
}

export class OutsideWorld {
  readonly authority: HostAuthority;
  private readonly said: Parts['said'];
  private readonly caller: NetworkPod;
  private readonly names: string;
  private readonly nameServer: NameServer;
  private readonly mesh: ServedMesh;

  private constructor({ said, authority, caller, names, nameServer, mesh }: Parts) {
    this.said = said;
    this.authority = authority;
    this.caller = caller;
    this.names = names;
    this.nameServer = nameServer;
    this.mesh = mesh;
  }

  /** @param hosts name → address, each with a certificate for its name and `*.<name>` */
  static async start(
    hosts: Readonly<Record<string, string>>,
    outbound: Outbound,
    closing: Closing,
  ): Promise<OutsideWorld> {
    const dir = await mkdtemp(join(tmpdir(), 'meshwright-outside-'));
    closing.add(() => rm(dir, { recursive: true, force: true }));
    const network = await startPodNetwork();
    closing.add(() => network.stop());
    const names = join(dir, 'names.json');
    await writeFile(names, '{}');
    const resolvConf = join(dir, 'resolv.conf');
    const nameServer = await network.startNames(names);
    await writeFile(
      resolvConf,
      `search svc.cluster.local\noptions ndots:5\nnameserver ${nameServer.address}\n`,
    );
    const authority = await makeHostAuthority();
    const said = new Map<string, () => Promise<string>>();
    const startHost = async (pod: NetworkPod, name: string): Promise<void> => {
      const { certificate, key } = await authority.issue([name, `*.${name}`]);
      const files = [join(dir, `${name}.crt`), join(dir, `${name}.key`)] as const;
      await writeFile(files[0], certificate);
      await writeFile(files[1], key);
      said.set(
        name,
        await pod.startProgram('host.ts', [name, String(hostPorts.tls), String(hostPorts.plain), ...files]),
      );
    };
    for (const [name, address] of Object.entries(hosts)) await startHost(await network.addPod(address), name);
    const caller = await network.addPod(callerAddress);
    await caller.intercept();
    await startHost(caller, itself);
    const inside = withFile(caller.place.inside, resolvConf, '/etc/resolv.conf');
    const somewhere = {
      relayTo: (port: number) => network.relayTo(port),
      placeOf: () => ({ ...caller.place, inside }),
    };
    const mesh = await ServedMesh.start(meshOf(outbound), closing, [], undefined, { somewhere });
    // Of the next that is published.
    mesh.publicRoots = authority.root;
    const world = new OutsideWorld({ said, authority, caller, names, nameServer, mesh });
    // Its listeners are there when it is ready, after all is acknowledged.
    await mesh.sidecar('caller').waitFor(async () => (await world.admin('/ready')).startsWith('LIVE'));
    await world.resolves(
      Object.fromEntries(Object.entries(hosts).map(([name, address]) => [name, [address]])),
    );
    return world;
  }

  /** What names mean from now on; others do not exist. */
  async resolves(names: Readonly<Record<string, readonly string[]>>): Promise<void> {
    // All at once: the sidecar asks for names at any time, and a server that reads half of the file ends.
    const next = `${this.names}.next`;
    await writeFile(next, JSON.stringify(names));
    await rename(next, this.names);
  }

  /** Requests that came to that host in plaintext. */
  async seenInPlaintext(name: string): Promise<readonly string[]> {
    const lines = (await this.said.get(name)?.())?.split('\n') ?? [];
    return lines.filter((line) => line.startsWith('plaintext '));
  }

  /** All names that somebody has asked for. */
  async askedNames(): Promise<readonly string[]> {
    return this.nameServer.asked();
  }

  /** Publishes, and waits until it is acknowledged. */
  async program(outbound: Outbound): Promise<void> {
    await this.mesh.program(meshOf(outbound));
  }

  get sidecar(): ServedSidecar {
    return this.mesh.sidecar('caller');
  }

  /** What it has counted of hosts: the counters, with their tags and values. */
  async countedHosts(): Promise<readonly string[]> {
    const all = await this.admin('/stats?filter=outbound.hosts.destination');
    return all.split('\n').filter((line) => line !== '');
  }

  private admin(path: string): Promise<string> {
    return this.caller.runProgram('admin.ts', [String(this.sidecar.adminPort), path]);
  }

  /** How often its sidecar has added, changed or removed a listener. */
  async listenerChanges(): Promise<readonly string[]> {
    const stats = await this.admin('/stats?filter=^listener_manager.listener_');
    return stats.split('\n').filter((line) => /_(added|modified|in_place_updated|removed): /.test(line));
  }

  async attempt(parts: Attempt): Promise<Outcome> {
    return JSON.parse(await this.caller.runProgram('outgoing.ts', [JSON.stringify(parts)])) as Outcome;
  }

  /** A TLS connection on which the application asks again and again; resolves to a reader of what comes of it. */
  async keepAsking(address: string, sni: string): Promise<() => Promise<string>> {
    return this.caller.startProgram('kept-connection.ts', [address, String(hostPorts.tls), sni]);
  }
}

/** With none at all, sidecars wait for the first one. */
const anyService = sampleService('shop/any/9080', { addresses: ['10.96.0.9'] });

function meshOf({
  mode = 'RegistryOnly',
  allowedHosts,
  learnsHosts = false,
  services = [anyService],
}: Outbound): MeshIr {
  const pod = sampleWorkload('caller', {
    key: 'Pod/shop/caller',
    kind: 'Pod',
    uid: 'caller-uid',
    intercepted: true,
    addresses: [callerAddress, ipv6Of(callerAddress)],
  });
  const mesh = sampleMesh({ services, workloads: [pod] });
  return { ...mesh, settings: { ...mesh.settings, outboundMode: mode, allowedHosts, learnsHosts } };
}

/** Commands that see the file in place of another one. */
function withFile(inside: readonly string[], file: string, at: string): readonly string[] {
  const [enter = '', namespace = '', separator = '', ...more] = inside;
  const script = `mount --bind ${file} ${at} && exec "$@"`;
  return [enter, namespace, separator, 'unshare', '--mount', 'sh', '-c', script, 'sh', ...more];
}
