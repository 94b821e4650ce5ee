// Writes objects to a Kubernetes API server, many at a time over one connection. Knows nothing of the mesh.
import { readFile } from 'node:fs/promises';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** As the test control plane writes it. */
const KubeConfig = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }))
    .min(1),
  users: z.array(z.object({ user: z.object({ token: z.string() }) })).min(1),
});

/** Below what kube-apiserver allows on a connection: 250 streams by default. */
const parallel = 48;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  /** PATCH: a merge patch. */
  readonly body?: object;
}

export class ApiClient {
  private readonly connect: () => ClientHttp2Session;
  private readonly token: string;
  private session: ClientHttp2Session;

  private constructor(connectIt: () => ClientHttp2Session, token: string) {
    this.connect = connectIt;
    this.token = token;
    this.session = connectIt();
  }

  static async open(kubeconfigPath: string): Promise<ApiClient> {
    const config = KubeConfig.parse(JSON.parse(await readFile(kubeconfigPath, 'utf8')));
    const [{ cluster } = { cluster: null }] = config.clusters;
    const [{ user } = { user: null }] = config.users;
    if (cluster === null || user === null) throw new Error(`${kubeconfigPath} names no server`);
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64');
    // Of an error a call that is under way hears, too.
    const open = (): ClientHttp2Session => connect(cluster.server, { ca }).on('error', () => undefined);
    return new ApiClient(open, user.token);
  }

  /** Resolves to the answer, parsed. @throws Error if the server refuses. */
  async call({ method, path, body }: Call): Promise<unknown> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    // The API server ends a connection on which nothing was asked for a while.
    if (this.session.closed || this.session.destroyed) this.session = this.connect();
    const stream = this.session.request({
      [constants.HTTP2_HEADER_METHOD]: method,
      [constants.HTTP2_HEADER_PATH]: path,
      authorization: `Bearer ${this.token}`,
      'content-type': type,
    });
    let status = 0;
    stream.on('response', (headers) => {
      status = Number(headers[constants.HTTP2_HEADER_STATUS]);
    });
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    const answer = await text(stream);
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${answer.slice(0, 500)}`);
    return JSON.parse(answer);
  }

  /** For each one what is to be done, several at a time. */
  async each<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
    const rest = all.values();
    const worker = async (): Promise<void> => {
      for (const one of rest) await work(one);
    };
    await Promise.all(Array.from({ length: parallel }, worker));
  }

  close(): void {
    this.session.destroy();
  }
}
