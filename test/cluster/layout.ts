// Where everything of cluster N is: addresses, names of interfaces and cgroups, folders. Entry: layoutOf. Pure.
import { join } from 'node:path';
import { cacheFolder } from '../../demo/programs/cache.ts';

export interface Layout {
  readonly index: number;
  readonly nodeName: string;
  /** The node, its API server, kubelet and DNS; the gateway of the pods. */
  readonly nodeAddress: string;
  /** This machine, as pods see it. */
  readonly hostAddress: string;
  readonly podRange: string;
  /** First and last address of pods. */
  readonly podAddresses: readonly [string, string];
  readonly serviceRange: string;
  /** The Service default/kubernetes. */
  readonly apiServiceAddress: string;
  readonly apiUrl: string;
  /** Names of at most 15 characters, as Linux wants them. */
  readonly links: { readonly bridge: string; readonly host: string; readonly node: string };
  /** In each cgroup hierarchy. */
  readonly cgroup: string;
  /** Relative to the run folder of the cluster's own mount namespace: a socket path has at most 107 characters. */
  readonly containerdSocket: string;
  readonly lockFile: string;
  readonly stateDir: string;
  /** A tmpfs inside the cluster's mount namespace: on the machine it stays empty. */
  readonly dataDir: string;
  readonly pkiDir: string;
  readonly kubeconfigDir: string;
  readonly configDir: string;
  readonly logDir: string;
  /** For the user: system:masters. */
  readonly kubeconfigPath: string;
}

export const highestIndex = 99;

/** index: 0 to 99; clusters with different ones run side by side. */
export function layoutOf(index: number): Layout {
  if (!Number.isInteger(index) || index < 0 || index > highestIndex) {
    throw new Error(`The index of a cluster is a number from 0 to ${highestIndex}, not ${index}.`);
  }
  const stateDir = cacheFolder(`cluster-${index}`);
  const nodeAddress = `10.200.${index}.1`;
  const kubeconfigDir = join(stateDir, 'kubeconfig');
  return {
    index,
    nodeName: `node${index}`,
    nodeAddress,
    hostAddress: `10.200.${index}.254`,
    podRange: `10.200.${index}.0/24`,
    podAddresses: [`10.200.${index}.10`, `10.200.${index}.250`],
    serviceRange: `10.100.${index}.0/24`,
    apiServiceAddress: `10.100.${index}.1`,
    apiUrl: `https://${nodeAddress}:6443`,
    links: { bridge: `mw-pods${index}`, host: `mw-host${index}`, node: `mw-node${index}` },
    cgroup: `meshwright-${index}`,
    containerdSocket: '/run/meshwright/containerd.sock',
    lockFile: `${stateDir}.lock`,
    stateDir,
    dataDir: join(stateDir, 'data'),
    pkiDir: join(stateDir, 'pki'),
    kubeconfigDir,
    configDir: join(stateDir, 'config'),
    logDir: join(stateDir, 'log'),
    kubeconfigPath: join(kubeconfigDir, 'admin'),
  };
}
