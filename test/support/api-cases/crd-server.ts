// A test API server with our CRDs applied from config/crd, as users apply them.
import { join } from 'node:path';
import { documentOf } from './api-case.ts';
import { type ApiCaller, apiCaller } from './api-caller.ts';
import { type ApiServer, startApiServer } from '../kubernetes.ts';
import { poll } from '../kubernetes/poll.ts';

export interface CrdServer extends ApiCaller, Pick<ApiServer, 'kubeconfigPath'> {
  /** What kubectl prints. Rejects with its complaint if it fails. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** The folder of our CRDs and samples. */
export const configFolder = join(import.meta.dirname, '../../../config');

/** Resolves when objects of our kinds are taken; namespaces default and shop exist. */
export async function startCrdServer(): Promise<CrdServer> {
  const server = await startApiServer();
  const api = await apiCaller(server);
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await server.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const stop = async (): Promise<void> => {
    api.close();
    await server.stop();
  };
  try {
    await kubectl('apply', '--server-side', '-f', join(configFolder, 'crd'));
    await kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
    await kubectl('create', 'namespace', 'shop');
    await untilServed(api);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { ...api, kubectl, stop, kubeconfigPath: server.kubeconfigPath };
}

// Established comes a little before the API server answers for the kind.
async function untilServed(api: ApiCaller): Promise<void> {
  const firsts = [
    documentOf('Mesh', {}),
    documentOf('TrafficPolicy', { targetRefs: [{ kind: 'Service', name: 'a' }], retry: { attempts: 1 } }),
    documentOf('SecurityPolicy', { targetRefs: [{ kind: 'Service', name: 'a' }], mtls: { mode: 'Strict' } }),
    documentOf('ExternalWorkload', { address: '::1' }),
  ];
  const ask = async (): Promise<true | undefined> => {
    const answers = await Promise.all(firsts.map((document) => api.dryRun(document)));
    return answers.every(({ status }) => status === 201) ? true : undefined;
  };
  await poll(ask, { intervalMs: 50, deadlineMs: 60_000 });
}
