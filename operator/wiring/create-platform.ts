// Which platform the settings ask for.
import { admit, type Admission } from '../../api/admission.ts';
import type { Log } from '../process/log.ts';
import { createFilesPlatform } from '../platform/files/files-platform.ts';
import { createKubernetesPlatform } from '../platform/kubernetes/kubernetes.ts';
import type { Platform } from '../ports/platform.ts';
import type { Settings } from '../process/settings.ts';
import { definitions } from './definitions.ts';

/** Throws if it can never work, for example without a kubeconfig. Connects to nothing yet. */
export function createPlatform(settings: Settings, log: Log): Platform {
  const skipChecks = new Set(settings.skipChecks);
  const admitted = (document: unknown): Admission => admit(document, { skipChecks });
  if (settings.platform.kind === 'files') {
    const { files, state, deletionGraceMs } = settings.platform;
    return createFilesPlatform({ folder: files, stateFolder: state, deletionGraceMs, admit: admitted, log });
  }
  return clusterPlatform(settings, admitted, log);
}

/** On Kubernetes our kinds have to be known to the API server before they can be watched. */
function clusterPlatform(settings: Settings, admitted: (document: unknown) => Admission, log: Log): Platform {
  const path = settings.platform.kind === 'kubernetes' ? settings.platform.kubeconfig : undefined;
  const platform = createKubernetesPlatform({
    log,
    namespace: settings.namespace,
    admit: admitted,
    ...(path !== undefined && { kubeConfig: { path } }),
  });
  return {
    ...platform,
    watch: async (sink, signal) => {
      await platform.installCrds(definitions(), signal);
      await platform.watch(sink, signal);
    },
  };
}
