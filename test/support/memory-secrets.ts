// Secrets in memory, as a platform keeps them.
import type { SecretChange, SecretData, SecretPort } from '../../operator/ports/platform.ts';
import { isSameValue } from '../../operator/values/same-value.ts';

export class MemorySecrets implements SecretPort {
  readonly held = new Map<string, SecretData>();
  readonly labels = new Map<string, Readonly<Record<string, string>>>();
  readonly writes: string[] = [];
  reads = 0;
  /** Keys whose write is refused. */
  readonly refused = new Set<string>();

  async read(namespace: string, name: string): Promise<SecretData | undefined> {
    this.reads += 1;
    await Promise.resolve();
    return this.held.get(`${namespace}/${name}`);
  }

  readBrought(namespace: string, name: string): Promise<SecretData | undefined> {
    return this.read(namespace, name);
  }

  async create(
    namespace: string,
    name: string,
    data: SecretData,
    labels: Readonly<Record<string, string>>,
  ): Promise<'created' | 'exists'> {
    await Promise.resolve();
    if (this.held.has(`${namespace}/${name}`)) return 'exists';
    await this.write(namespace, name, data, labels);
    return 'created';
  }

  async replace(
    namespace: string,
    name: string,
    { before, data, labels }: SecretChange,
  ): Promise<'replaced' | 'changed'> {
    await Promise.resolve();
    if (!isSameValue(this.held.get(`${namespace}/${name}`), before)) return 'changed';
    await this.write(namespace, name, data, labels);
    return 'replaced';
  }

  async write(
    namespace: string,
    name: string,
    data: SecretData,
    labels: Readonly<Record<string, string>>,
  ): Promise<void> {
    const key = `${namespace}/${name}`;
    await Promise.resolve();
    if (this.refused.has(key)) throw new Error('namespace is being deleted');
    this.held.set(key, data);
    this.labels.set(key, labels);
    this.writes.push(key);
  }
}
