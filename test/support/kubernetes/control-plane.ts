// etcd and kube-apiserver as they are started for tests: loopback only, a token for system:masters, no
// controllers. Entry: ControlPlane. Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { poll } from './poll.ts';

const token = 'meshwright-test-admin';
const startTimeoutMs = 60_000;
const pollMs = 50;

interface Ports {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly api: number;
}

/** An API server beside the first one: the same etcd, credentials and authority. */
export interface OtherApiServer {
  readonly port: number;
  readonly kubeconfigPath: string;
  stop(): Promise<void>;
}

/** One etcd and one API server with their state in `stateDir`. */
export class ControlPlane {
  readonly #binDir: string;
  readonly #stateDir: string;
  readonly #ports: Ports;
  readonly #more: readonly string[];
  #etcd: Child | undefined;
  #apiServer: Child | undefined;
  readonly #others: Child[] = [];

  private constructor(binDir: string, stateDir: string, ports: Ports, more: readonly string[]) {
    this.#binDir = binDir;
    this.#stateDir = stateDir;
    this.#ports = ports;
    this.#more = more;
  }

  /** more: arguments of the API server. */
  static async create(binDir: string, stateDir: string, more: readonly string[] = []): Promise<ControlPlane> {
    const [etcdClient, etcdPeer, api] = await Promise.all([freePort(), freePort(), freePort()]);
    await mkdir(join(stateDir, 'certificates'), { recursive: true });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(join(stateDir, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
      mode: 0o600,
    });
    await writeFile(join(stateDir, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
    return new ControlPlane(binDir, stateDir, { etcdClient, etcdPeer, api }, more);
  }

  get url(): string {
    return urlOf(this.#ports.api);
  }

  get port(): number {
    return this.#ports.api;
  }

  get kubeconfigPath(): string {
    return join(this.#stateDir, 'kubeconfig');
  }

  /** Both processes, at once: the API server waits for etcd. Resolves when /readyz says ok. */
  async start(): Promise<void> {
    this.#etcd = await this.#spawn('etcd', this.#etcdArgs());
    await this.startApiServer();
    await this.writeKubeconfig(this.kubeconfigPath, this.#ports.api);
  }

  async startApiServer(): Promise<void> {
    this.#apiServer = await this.#spawn('kube-apiserver', this.#apiServerArgs(this.#ports.api, this.#more));
    await this.#untilReady(this.#ports.api, this.#apiServer);
  }

  /** more: arguments that only this one has. */
  async startAnother(more: readonly string[] = []): Promise<OtherApiServer> {
    const port = await freePort();
    const child = await this.#spawn('kube-apiserver', this.#apiServerArgs(port, more), `-${port}`);
    this.#others.push(child);
    await this.#untilReady(port, child);
    const kubeconfigPath = `${this.kubeconfigPath}-${port}`;
    await this.writeKubeconfig(kubeconfigPath, port);
    return { port, kubeconfigPath, stop: () => child.kill() };
  }

  /** port: of an API server, or of what leads to one. */
  async writeKubeconfig(path: string, port: number): Promise<void> {
    await writeFile(path, await this.#kubeconfig(urlOf(port)), { mode: 0o600 });
  }

  async stopApiServer(): Promise<void> {
    await this.#apiServer?.kill();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#apiServer, this.#etcd, ...this.#others].map(async (child) => child?.kill()));
  }

  async #spawn(program: string, args: readonly string[], which = ''): Promise<Child> {
    const logFile = join(this.#stateDir, `${program}${which}.log`);
    return await startChild([join(this.#binDir, program), ...args], logFile);
  }

  #etcdArgs(): string[] {
    const client = `http://127.0.0.1:${this.#ports.etcdClient}`;
    const peer = `http://127.0.0.1:${this.#ports.etcdPeer}`;
    return [
      '--unsafe-no-fsync',
      `--data-dir=${join(this.#stateDir, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ];
  }

  #apiServerArgs(port: number, more: readonly string[]): string[] {
    const key = join(this.#stateDir, 'sa.key');
    return [
      `--etcd-servers=http://127.0.0.1:${this.#ports.etcdClient}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // 1.37 refuses to tell others of a loopback address.
      '--endpoint-reconciler-type=none',
      `--secure-port=${port}`,
      // It signs its own serving certificate there, and finds it again after a restart.
      `--cert-dir=${join(this.#stateDir, 'certificates')}`,
      `--token-auth-file=${join(this.#stateDir, 'tokens.csv')}`,
      '--anonymous-auth=false',
      '--authorization-mode=Node,RBAC',
      // As on every cluster: a kubelet writes for its own pods only.
      '--enable-admission-plugins=NodeRestriction',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      // No controller makes default service accounts here, and this plugin refuses pods without one.
      '--disable-admission-plugins=ServiceAccount',
      '--allow-privileged=true',
      '--profiling=false',
      ...more,
    ];
  }

  /** The file holds the leaf and the authority that signed it. */
  async #authority(): Promise<Buffer> {
    return await readFile(join(this.#stateDir, 'certificates', 'apiserver.crt'));
  }

  async #untilReady(port: number, child: Child): Promise<void> {
    try {
      await poll(() => this.#check(port, child), { intervalMs: pollMs, deadlineMs: startTimeoutMs });
    } catch (cause) {
      throw new Error(`the test API server did not start: ${await child.tail()}`, { cause });
    }
  }

  async #check(port: number, child: Child): Promise<true | undefined> {
    if (this.#etcd?.running() === false) throw new Error(`etcd ended: ${await this.#etcd.tail()}`);
    if (!child.running()) throw new Error('kube-apiserver ended');
    return (await this.#isReady(port)) ? true : undefined;
  }

  async #isReady(port: number): Promise<boolean> {
    try {
      const ca = await this.#authority();
      return await new Promise((resolve, reject) => {
        const options = {
          ca,
          headers: { authorization: `Bearer ${token}` },
          timeout: 2000,
          agent: false,
        } as const;
        const call = request(`${urlOf(port)}/readyz`, options, (response) => {
          response.resume();
          resolve(response.statusCode === 200);
        });
        call.on('timeout', () => call.destroy(new Error('no answer')));
        call.on('error', reject);
        call.end();
      });
    } catch {
      return false;
    }
  }

  async #kubeconfig(server: string): Promise<string> {
    const authority = (await this.#authority()).toString('base64');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': authority } }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    });
  }
}

function urlOf(port: number): string {
  return `https://127.0.0.1:${port}`;
}
