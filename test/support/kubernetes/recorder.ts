// A sink that keeps what it is told, as the store does.
import type { ObjectSink } from '../../../operator/ports/platform.ts';
import { refKey, refOf, type StoredObject } from '../../../operator/objects/objects.ts';

/** A sink that keeps what it is told, as the store does. */
export class Recorder implements ObjectSink {
  readonly objects = new Map<string, StoredObject>();
  readonly rejected = new Map<string, readonly string[]>();
  syncs = 0;
  /** What had arrived when everything was said to be there. */
  atSync: string[] = [];

  upsert(object: StoredObject): void {
    this.objects.set(refKey(refOf(object)), object);
    this.rejected.delete(refKey(refOf(object)));
  }
  remove(ref: Parameters<ObjectSink['remove']>[0]): void {
    this.objects.delete(refKey(ref));
    this.rejected.delete(refKey(ref));
  }
  reject(ref: Parameters<ObjectSink['reject']>[0], _generation: number, problems: readonly string[]): void {
    this.rejected.set(refKey(ref), problems);
  }
  synced(): void {
    this.syncs += 1;
    this.atSync = [...this.objects.keys()];
  }
  /** The names of one kind in namespace shop. */
  names(kind: StoredObject['kind']): string[] {
    const prefix = `${kind}/shop/`;
    return [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .toSorted();
  }
  /** The first port of a Service in namespace shop. */
  portOf(name: string): number | undefined {
    const object = this.objects.get(`Service/shop/${name}`);
    return object?.kind === 'Service' ? object.spec.ports?.[0]?.port : undefined;
  }
}
