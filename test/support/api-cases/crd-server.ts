// A test API server with our CRDs applied from config/crd, as users apply them.
import { join } from 'node:path';
import { type ApiCaller, apiCaller } from './api-caller.ts';
import { type ApiServer, startApiServer } from '../kubernetes.ts';
import { untilServed } from '../kubernetes/until-served.ts';

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
    await untilServed(server);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { ...api, kubectl, stop, kubeconfigPath: server.kubeconfigPath };
}
