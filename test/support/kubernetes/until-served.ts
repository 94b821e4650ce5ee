// Waits until objects of our kinds can be applied. Entry: untilServed.
import type { ApiServer } from '../kubernetes.ts';
import { poll } from './poll.ts';

const kinds = 'meshes,trafficpolicies,securitypolicies,externalworkloads';

/** The API server answers for a kind, and tells kubectl of it, a moment after its definition is established. */
export async function untilServed(server: Pick<ApiServer, 'kubectl'>): Promise<void> {
  const get = ['get', kinds, '--all-namespaces'];
  await poll(async () => ((await server.kubectl(get)).code === 0 ? true : undefined), {
    intervalMs: 100,
    deadlineMs: 60_000,
  });
}
