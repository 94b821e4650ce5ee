// How each program of the cluster is started: its flags. Entry: components. Pure.
// @see https://kubernetes.io/docs/reference/command-line-tools-reference/
import { join } from 'node:path';
import type { Layout } from './layout.ts';

export type ComponentName =
  | 'etcd'
  | 'kube-apiserver'
  | 'containerd'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'coredns';

export interface ProgramFolders {
  /** etcd, kube-apiserver, kubectl. */
  readonly apiServer: string;
  readonly kubelet: string;
  /** The rest of what is built from Go modules. */
  readonly node: string;
}

const etcdClient = 'http://127.0.0.1:2379';
const etcdPeer = 'http://127.0.0.1:2380';

/** The port of kube-proxy's /healthz on the node's address. */
export const kubeProxyHealthPort = 10256;

export function components(
  layout: Layout,
  folders: ProgramFolders,
): Record<ComponentName, readonly string[]> {
  return {
    etcd: [join(folders.apiServer, 'etcd'), ...etcd(layout)],
    'kube-apiserver': [join(folders.apiServer, 'kube-apiserver'), ...apiServer(layout)],
    containerd: ['containerd', '--config', join(layout.configDir, 'containerd.toml')],
    'kube-controller-manager': [join(folders.node, 'kube-controller-manager'), ...controllerManager(layout)],
    'kube-scheduler': [join(folders.node, 'kube-scheduler'), ...client(layout, 'kube-scheduler')],
    kubelet: [join(folders.kubelet, 'kubelet'), ...kubelet(layout)],
    'kube-proxy': [join(folders.node, 'kube-proxy'), ...kubeProxy(layout)],
    coredns: [join(folders.node, 'coredns'), '-conf', join(layout.configDir, 'Corefile')],
  };
}

function etcd({ dataDir }: Layout): string[] {
  return [
    '--unsafe-no-fsync',
    `--data-dir=${join(dataDir, 'etcd')}`,
    `--listen-client-urls=${etcdClient}`,
    `--advertise-client-urls=${etcdClient}`,
    `--listen-peer-urls=${etcdPeer}`,
    `--initial-advertise-peer-urls=${etcdPeer}`,
    `--initial-cluster=default=${etcdPeer}`,
  ];
}

function apiServer({ pkiDir, nodeAddress, serviceRange }: Layout): string[] {
  return [
    `--etcd-servers=${etcdClient}`,
    `--bind-address=${nodeAddress}`,
    `--advertise-address=${nodeAddress}`,
    '--secure-port=6443',
    `--tls-cert-file=${join(pkiDir, 'apiserver.crt')}`,
    `--tls-private-key-file=${join(pkiDir, 'apiserver.key')}`,
    `--client-ca-file=${join(pkiDir, 'ca.crt')}`,
    `--kubelet-client-certificate=${join(pkiDir, 'apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${join(pkiDir, 'apiserver-kubelet-client.key')}`,
    `--kubelet-certificate-authority=${join(pkiDir, 'ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${join(pkiDir, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(pkiDir, 'sa.key')}`,
    `--service-cluster-ip-range=${serviceRange}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--anonymous-auth=false',
    '--allow-privileged=true',
    '--profiling=false',
  ];
}

/** Controllers of one replica: no election, no port of their own. */
function client({ kubeconfigDir }: Layout, name: string): string[] {
  return [
    `--kubeconfig=${join(kubeconfigDir, name)}`,
    '--authentication-skip-lookup',
    '--secure-port=0',
    '--leader-elect=false',
    '--profiling=false',
  ];
}

function controllerManager(layout: Layout): string[] {
  const { pkiDir, dataDir } = layout;
  return [
    ...client(layout, 'kube-controller-manager'),
    // The role of its own user is too narrow for the controllers: each gets a service account.
    '--use-service-account-credentials=true',
    `--root-ca-file=${join(pkiDir, 'ca.crt')}`,
    `--service-account-private-key-file=${join(pkiDir, 'sa.key')}`,
    `--cluster-signing-cert-file=${join(pkiDir, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(pkiDir, 'ca.key')}`,
    '--allocate-node-cidrs=false',
    `--flex-volume-plugin-dir=${join(dataDir, 'volume-plugins')}`,
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
}

function kubelet({ configDir, kubeconfigDir, dataDir, nodeName, nodeAddress }: Layout): string[] {
  return [
    `--config=${join(configDir, 'kubelet.yaml')}`,
    `--kubeconfig=${join(kubeconfigDir, 'kubelet')}`,
    `--root-dir=${join(dataDir, 'kubelet')}`,
    `--cert-dir=${join(dataDir, 'kubelet-pki')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${nodeAddress}`,
  ];
}

function kubeProxy({ kubeconfigDir, nodeName, nodeAddress, podRange }: Layout): string[] {
  return [
    `--kubeconfig=${join(kubeconfigDir, 'kube-proxy')}`,
    '--proxy-mode=iptables',
    `--cluster-cidr=${podRange}`,
    `--hostname-override=${nodeName}`,
    `--nodeport-addresses=${podRange}`,
    `--healthz-bind-address=${nodeAddress}:${kubeProxyHealthPort}`,
    '--metrics-bind-address=127.0.0.1:10249',
    '--iptables-localhost-nodeports=false',
    '--iptables-min-sync-period=0s',
    // Connection tracking limits are the machine's: leave them alone.
    '--conntrack-max-per-core=0',
    '--conntrack-min=0',
    '--conntrack-tcp-timeout-established=0s',
    '--conntrack-tcp-timeout-close-wait=0s',
  ];
}
