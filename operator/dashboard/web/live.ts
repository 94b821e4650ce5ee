// Views of the operator, asked again and again while the page is looked at. Entry: useLive.
import { useEffect, useState } from 'preact/hooks';

const usualMs = 5000;
const longestMs = 15_000;

export interface Live<View> {
  /** The last that came; undefined: none yet. */
  readonly view: View | undefined;
  /** Why the last attempt failed; null: it did not. */
  readonly problem: Problem | null;
}

export interface Problem {
  readonly kind: 'refused' | 'unreachable';
  readonly text: string;
}

/** `path`: below api/, with its query. A new path begins anew. */
export function useLive<View>(path: string, isPaused: boolean, everyMs = usualMs): Live<View> {
  const [live, setLive] = useState<Live<View> & { readonly path: string }>({
    path,
    view: undefined,
    problem: null,
  });
  useEffect(() => {
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      const got = await fetchView<View>(path, stop.signal);
      if (stop.signal.aborted) return;
      setLive((before) => ({
        path,
        problem: got.problem,
        view: got.view ?? (before.path === path ? before.view : undefined),
      }));
    };
    const look = (): void => {
      if (document.visibilityState === 'visible') void ask();
    };
    void ask();
    const timer = isPaused ? undefined : setInterval(look, everyMs);
    if (!isPaused) document.addEventListener('visibilitychange', look, { signal: stop.signal });
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [path, isPaused, everyMs]);
  return live.path === path ? live : { view: undefined, problem: null };
}

async function fetchView<View>(path: string, signal: AbortSignal): Promise<Live<View>> {
  try {
    const response = await fetch(`api/${path}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestMs)]),
      cache: 'no-store',
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the same version of the operator
    if (response.ok) return { view: (await response.json()) as View, problem: null };
    const text = (await response.text()).trim().slice(0, 500);
    const kind = response.status === 401 || response.status === 403 ? 'refused' : 'unreachable';
    return { view: undefined, problem: { kind, text: text === '' ? `HTTP ${response.status}` : text } };
  } catch {
    const text = 'The operator does not answer. If meshwright dashboard has ended, start it again.';
    return { view: undefined, problem: { kind: 'unreachable', text } };
  }
}
