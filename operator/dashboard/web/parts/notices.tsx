// Why nothing is shown, or nothing new.
import type { ComponentChildren, JSX } from 'preact';
import type { Live } from '../live.ts';

/** What came is shown, even when the operator has gone since. */
export function Viewed<View>({
  live: { view, problem },
  children,
}: {
  readonly live: Live<View>;
  readonly children: (view: View) => ComponentChildren;
}): JSX.Element {
  return (
    <>
      <div role="status">
        {problem !== null && <p class="notice notice-bad">{problem.text}</p>}
        {problem === null && view === undefined && <p class="notice">Asking the operator…</p>}
      </div>
      {view !== undefined && children(view)}
    </>
  );
}
