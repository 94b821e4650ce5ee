// The configuration files of containerd, its network plugins, the kubelet and CoreDNS. Entry: writeConfiguration.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from './layout.ts';
import { writePlugins } from './network-plugins.ts';
import { pauseImageName } from './standard-images.ts';

/** pluginDir: where the CNI plugins are on this machine. */
export async function writeConfiguration(layout: Layout, pluginDir: string): Promise<void> {
  const { configDir } = layout;
  await mkdir(join(configDir, 'cni'), { recursive: true });
  await Promise.all([
    writePlugins(join(configDir, 'plugins'), pluginDir),
    writeFile(join(configDir, 'containerd.toml'), containerd(layout)),
    writeFile(join(configDir, 'cni', '10-pods.conflist'), json(network(layout))),
    writeFile(join(configDir, 'kubelet.yaml'), json(kubelet(layout))),
    writeFile(join(configDir, 'resolv.conf'), `nameserver ${layout.nodeAddress}\n`),
    writeFile(join(configDir, 'Corefile'), corefile(layout)),
  ]);
}

/** YAML is a superset of JSON, and a string of TOML is written as one of JSON. */
function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function containerd({ dataDir, configDir, containerdSocket }: Layout): string {
  // Those that are not used here and would complain about it, or make folders outside of ours.
  const unused = [
    ...['aufs', 'btrfs', 'zfs', 'devmapper'].map((name) => `io.containerd.snapshotter.v1.${name}`),
    'io.containerd.internal.v1.opt',
    'io.containerd.tracing.processor.v1.otlp',
    'io.containerd.internal.v1.tracing',
  ];
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${JSON.stringify(join(dataDir, 'containerd'))}
state = "/run/meshwright/containerd"
disabled_plugins = ${JSON.stringify(unused)}
[grpc]
address = ${JSON.stringify(containerdSocket)}
[${cri}]
sandbox_image = ${JSON.stringify(pauseImageName)}
stream_server_address = "127.0.0.1"
stream_server_port = "0"
disable_apparmor = true
# Without CAP_SYS_RESOURCE nobody may lower an oom_score_adj, and no sandbox could be made.
restrict_oom_score_adj = true
[${cri}.cni]
bin_dir = ${JSON.stringify(join(configDir, 'plugins'))}
conf_dir = ${JSON.stringify(join(configDir, 'cni'))}
[${cri}.containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

function network({ links, dataDir, podRange, podAddresses, nodeAddress }: Layout): unknown {
  const [rangeStart, rangeEnd] = podAddresses;
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: links.bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(dataDir, 'cni'),
          ranges: [[{ subnet: podRange, rangeStart, rangeEnd, gateway: nodeAddress }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

/** @see https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
function kubelet(layout: Layout): unknown {
  const { nodeAddress, pkiDir, dataDir, configDir } = layout;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${layout.cgroup}`,
    enforceNodeAllocatable: ['pods'],
    containerRuntimeEndpoint: `unix://${layout.containerdSocket}`,
    address: nodeAddress,
    port: 10250,
    readOnlyPort: 0,
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    tlsCertFile: join(pkiDir, 'kubelet-server.crt'),
    tlsPrivateKeyFile: join(pkiDir, 'kubelet-server.key'),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pkiDir, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    clusterDomain: 'cluster.local',
    clusterDNS: [nodeAddress],
    resolvConf: join(configDir, 'resolv.conf'),
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    // The bridge plugin does it.
    hairpinMode: 'none',
    podLogsDir: join(dataDir, 'pod-logs'),
    volumePluginDir: join(dataDir, 'volume-plugins'),
    serializeImagePulls: false,
    registryPullQPS: 0,
    // Images made by hand cannot be pulled again: never collect them, never evict for want of disk.
    imageMinimumGCAge: '24h',
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: Object.fromEntries(
      [
        'memory.available',
        'nodefs.available',
        'imagefs.available',
        'nodefs.inodesFree',
        'imagefs.inodesFree',
      ].map((signal) => [signal, '0%']),
    ),
    syncFrequency: '10s',
    configMapAndSecretChangeDetectionStrategy: 'Watch',
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    maxPods: 200,
    shutdownGracePeriod: '0s',
  };
}

/** There is no upstream: what is not of the cluster does not exist, and searching a name's domains ends at once. */
function corefile({ nodeAddress, kubeconfigDir }: Layout): string {
  return `cluster.local:53 in-addr.arpa:53 {
  bind ${nodeAddress}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${join(kubeconfigDir, 'coredns')}
    pods insecure
    ttl 1
  }
}
.:53 {
  bind ${nodeAddress}
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}
