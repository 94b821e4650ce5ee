// The port to ConfigMaps of the operator's own. What is written comes back through the ObjectSink, on every operator.
import type { ConfigMap } from '../objects/objects.ts';

export interface ConfigMapPort {
  /** Creates or replaces the one of that name in the operator's own namespace. */
  write(name: string, data: ConfigMap['data']): Promise<void>;
  /** One that is gone is no error. */
  remove(name: string): Promise<void>;
}
