// Which API server, and with what credentials. Entry: loadKubeConfig.
import { KubeConfig } from '@kubernetes/client-node';

export interface KubeConfigOptions {
  /** A kubeconfig file. Default: what kubectl would take (KUBECONFIG, ~/.kube/config), else the pod's service account. */
  readonly path?: string;
  /** Default: the file's current-context. */
  readonly context?: string;
}

/** Throws a sentence for the user if there is nothing to connect to. */
export function loadKubeConfig(options: KubeConfigOptions): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    if (options.path === undefined) kubeConfig.loadFromDefault();
    else kubeConfig.loadFromFile(options.path);
  } catch (cause) {
    const which = options.path === undefined ? 'The default kubeconfig' : `The kubeconfig ${options.path}`;
    throw new Error(`Cannot read ${which}. Check the path, and that it is valid YAML.`, { cause });
  }
  if (options.context !== undefined) kubeConfig.setCurrentContext(options.context);
  if (kubeConfig.getCurrentCluster() === null) {
    throw new Error(
      `The kubeconfig has no cluster for context "${kubeConfig.getCurrentContext()}". Set current-context.`,
    );
  }
  return kubeConfig;
}
