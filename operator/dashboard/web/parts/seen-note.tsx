// Over which time the numbers are.
import type { JSX } from 'preact';
import type { Seen } from '../../views/json.ts';
import { duration } from '../format.ts';

export function SeenNote({ seconds, since }: Seen): JSX.Element {
  if (seconds === 0)
    return <p class="note">Sidecars report every ten seconds: the first rates are on their way.</p>;
  const from = new Date(since).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return (
    <p class="note">
      Averages of the last {duration(seconds * 1000)}, as the called sidecars saw it; percentiles of the last
      five to ten minutes. Counted since {from}.
    </p>
  );
}
