// The platform as a part of the process: it starts watching, and is ready once everything was listed.
import type { Component } from '../process/lifecycle.ts';
import type { Platform } from '../ports/platform.ts';
import type { Made, Writes } from './part.ts';

export function createWatching(
  { change, watchFailure }: Writes<'change' | 'watchFailure'>,
  { platform }: { readonly platform: Pick<Platform, 'name' | 'watch'> },
): Required<Pick<Made, 'component'>> {
  const stop = new AbortController();
  let isSynced = false;
  let watching: Promise<void> | null = null;
  const sink: Parameters<Platform['watch']>[0] = {
    upsert: (object) => change.set({ type: 'upsert', object }),
    remove: (ref) => change.set({ type: 'remove', ref }),
    reject: (...said) => change.set({ type: 'reject', said }),
    synced: () => {
      isSynced = true;
      change.set({ type: 'synced' });
    },
  };
  const watch = async (): Promise<void> => {
    try {
      await platform.watch(sink, stop.signal);
      if (!stop.signal.aborted) watchFailure.set(new Error('the platform stopped watching'));
    } catch (error) {
      watchFailure.set(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const component: Component = {
    name: `${platform.name} platform`,
    start: () => {
      watching = watch();
      return Promise.resolve();
    },
    stop: async () => {
      stop.abort();
      await watching;
    },
    ready: () => isSynced,
  };
  return { component };
}
