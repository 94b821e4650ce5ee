// A shop of two for tests of the dashboard: page calls reviews, by real Envoys, under an operator on a folder of YAML.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApplication } from '../data-plane/applications.ts';
import { call } from '../data-plane/callers.ts';
import type { Closing } from '../data-plane/closing.ts';
import { freePort } from '../kubernetes/free-port.ts';
import { poll } from '../kubernetes/poll.ts';
import { FilesOperator } from '../operator/files-operator.ts';
import { startFilesSidecar } from '../operator/files-sidecar.ts';

const trustDomain = 'dash.test';

export class FilesShop {
  readonly operator: FilesOperator;
  /** Of this test. */
  readonly root: string;
  /** Where page calls reviews. */
  readonly #callerPort: number;

  private constructor(operator: FilesOperator, root: string, callerPort: number) {
    this.operator = operator;
    this.root = root;
    this.#callerPort = callerPort;
  }

  /** Resolves when the first call has come through. */
  static async start(closing: Closing): Promise<FilesShop> {
    const root = await mkdtemp(join(tmpdir(), 'meshwright-dashboard-'));
    closing.add(() => rm(root, { recursive: true, force: true }));
    const [port, callerPort] = [await freePort(), await freePort()];
    const application = await startApplication('app', closing, ({ url }, response) => {
      response.writeHead(url.startsWith('/broken') ? 500 : 200).end();
    });
    const operator = await FilesOperator.in(root, [`--xds-address=127.0.0.1:${await freePort()}`]);
    const shop = new FilesShop(operator, root, callerPort);
    await shop.telemetry({});
    await operator.put('shop.yaml', manifests(port, application, callerPort));
    await operator.start();
    closing.add(() => operator.kill());
    const { state, xdsPort } = operator;
    await Promise.all(
      ['reviews', 'page'].map(async (name) => {
        const place = { state, xdsPort, namespace: 'shop', name, trustDomain, dir: join(root, name) };
        const envoy = await startFilesSidecar(place);
        closing.add(() => envoy.stop());
      }),
    );
    await poll(async () => (await shop.isOpen()) || undefined, { intervalMs: 50, deadlineMs: 60_000 });
    return shop;
  }

  /** Of the Mesh. */
  async telemetry(telemetry: object): Promise<void> {
    const mesh = { kind: 'Mesh', metadata: { name: 'default' }, spec: { trustDomain, telemetry } };
    await this.operator.put('mesh.yaml', textOf(mesh));
  }

  /** One after the other: each fourth, beginning with the first, gets status 500. */
  async call(times: number): Promise<void> {
    for (let sent = 0; sent < times; sent += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await call(this.#callerPort, { path: sent % 4 === 0 ? '/broken' : '/' });
    }
  }

  /** A view of the dashboard, as text of JSON. */
  async view(pathAndQuery: string): Promise<string> {
    return this.operator.ask(`/dashboard/api/${pathAndQuery}`);
  }

  get dashboard(): string {
    return `${this.operator.adminAddress}/dashboard/`;
  }

  private async isOpen(): Promise<boolean> {
    return (await call(this.#callerPort).catch(() => null))?.status === 200;
  }
}

function manifests(port: number, application: number, callerPort: number): string {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'reviews', namespace: 'shop' },
      spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 9080, targetPort: 'http' }] },
    },
    {
      kind: 'ExternalWorkload',
      metadata: { name: 'reviews', namespace: 'shop', labels: { app: 'reviews' } },
      spec: {
        address: '127.0.0.1',
        serviceAccount: 'reviews',
        ports: [{ name: 'http', port, applicationPort: application }],
      },
    },
    {
      kind: 'ExternalWorkload',
      metadata: { name: 'page', namespace: 'shop', labels: { app: 'page' } },
      spec: {
        address: '127.0.0.1',
        serviceAccount: 'page',
        outbound: [{ service: 'reviews', port: 9080, bindPort: callerPort }],
      },
    },
    {
      kind: 'TrafficPolicy',
      metadata: { name: 'reviews', namespace: 'shop' },
      spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], timeout: { request: '5s' } },
    },
  ]
    .map((it) => textOf(it))
    .join('\n---\n');
}

function textOf(object: object): string {
  return JSON.stringify({ apiVersion: 'meshwright.dev/v1alpha1', ...object });
}
