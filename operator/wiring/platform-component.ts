// The platform as a part of the process: it starts watching, and is ready once everything was listed.
import type { Component } from '../process/lifecycle.ts';
import type { ObjectSink, Platform } from '../ports/platform.ts';

export interface WatchingPlatform {
  readonly component: Component;
  /** Rejects if watching ended without being told to. */
  readonly failed: Promise<never>;
}

export function platformComponent(platform: Platform, sink: ObjectSink): WatchingPlatform {
  const stop = new AbortController();
  const failure = Promise.withResolvers<never>();
  // Whoever waits sees it; a failure while stopping must not end the process a second time.
  failure.promise.catch(() => undefined);
  let isSynced = false;
  let watching: Promise<void> | null = null;
  const noting: ObjectSink = {
    ...sink,
    synced: () => {
      isSynced = true;
      sink.synced();
    },
  };
  const component: Component = {
    name: `${platform.name} platform`,
    start: () => {
      watching = platform.watch(noting, stop.signal).then(
        () => (stop.signal.aborted ? undefined : failure.reject(new Error('the platform stopped watching'))),
        (error: unknown) => failure.reject(error instanceof Error ? error : new Error(String(error))),
      );
      return Promise.resolve();
    },
    stop: async () => {
      stop.abort();
      await watching;
    },
    ready: () => isSynced,
  };
  return { component, failed: failure.promise };
}
