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

/** One etcd and one API server with their state in `stateDir`. */
export class ControlPlane {
  readonly #binDir: string;
  readonly #stateDir: string;
  readonly #ports: Ports;
  #etcd: Child | undefined;
  #apiServer: Child | undefined;

  private constructor(binDir: string, stateDir: string, ports: Ports) {
    this.#binDir = binDir;
    this.#stateDir = stateDir;
    this.#ports = ports;
  }

  static async create(binDir: string, stateDir: string): Promise<ControlPlane> {
    const [etcdClient, etcdPeer, api] = await Promise.all([freePort(), freePort(), freePort()]);
    await mkdir(join(stateDir, 'certificates'), { recursive: true });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(join(stateDir, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
      mode: 0o600,
    });
    await writeFile(join(stateDir, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
    return new ControlPlane(binDir, stateDir, { etcdClient, etcdPeer, api });
  }

  get url(): string {
    return `https://127.0.0.1:${this.#ports.api}`;
  }

  get kubeconfigPath(): string {
    return join(this.#stateDir, 'kubeconfig');
  }

  /** Both processes, at once: the API server waits for etcd. Resolves when /readyz says ok. */
  async start(): Promise<void> {
    this.#etcd = await this.#spawn('etcd', this.#etcdArgs());
    await this.startApiServer();
    await writeFile(this.kubeconfigPath, await this.#kubeconfig(), { mode: 0o600 });
  }

  async startApiServer(): Promise<void> {
    this.#apiServer = await this.#spawn('kube-apiserver', this.#apiServerArgs());
    await this.#untilReady();
  }

  async stopApiServer(): Promise<void> {
    await this.#apiServer?.kill();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#apiServer?.kill(), this.#etcd?.kill()]);
  }

  async #spawn(program: string, args: readonly string[]): Promise<Child> {
    return await startChild([join(this.#binDir, program), ...args], join(this.#stateDir, `${program}.log`));
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

  #apiServerArgs(): string[] {
    const key = join(this.#stateDir, 'sa.key');
    return [
      `--etcd-servers=http://127.0.0.1:${this.#ports.etcdClient}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // 1.37 refuses to tell others of a loopback address.
      '--endpoint-reconciler-type=none',
      `--secure-port=${this.#ports.api}`,
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
    ];
  }

  /** The file holds the leaf and the authority that signed it. */
  async #authority(): Promise<Buffer> {
    return await readFile(join(this.#stateDir, 'certificates', 'apiserver.crt'));
  }

  async #untilReady(): Promise<void> {
    try {
      await poll(() => this.#check(), { intervalMs: pollMs, deadlineMs: startTimeoutMs });
    } catch (cause) {
      throw new Error(`the test API server did not start: ${await this.#apiServer?.tail()}`, { cause });
    }
  }

  async #check(): Promise<true | undefined> {
    if (this.#etcd?.running() === false) throw new Error(`etcd ended: ${await this.#etcd.tail()}`);
    if (this.#apiServer?.running() === false) throw new Error('kube-apiserver ended');
    return (await this.#isReady()) ? true : undefined;
  }

  async #isReady(): Promise<boolean> {
    try {
      const ca = await this.#authority();
      return await new Promise((resolve, reject) => {
        const options = {
          ca,
          headers: { authorization: `Bearer ${token}` },
          timeout: 2000,
          agent: false,
        } as const;
        const call = request(`${this.url}/readyz`, options, (response) => {
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

  async #kubeconfig(): Promise<string> {
    const authority = (await this.#authority()).toString('base64');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: this.url, 'certificate-authority-data': authority } }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    });
  }
}
