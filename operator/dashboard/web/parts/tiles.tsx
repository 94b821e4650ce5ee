// The numbers of something in a row.
import type { JSX } from 'preact';
import type { Numbers, ProxyCount } from '../../views/json.ts';
import { bytesPerSecond, healthOf, milliseconds, percent, perSecond } from '../format.ts';

interface TilesProps {
  readonly numbers: Numbers;
  readonly proxies?: ProxyCount;
}

export function Tiles({ numbers, proxies }: TilesProps): JSX.Element {
  return (
    <dl class="tiles">
      <Tile name="Requests" value={perSecond(numbers.requests)} />
      <Tile name="Success" value={percent(numbers.success)} tone={healthOf(numbers.success)} />
      <Tile name="p50" value={milliseconds(numbers.p50)} />
      <Tile name="p99" value={milliseconds(numbers.p99)} />
      {numbers.connections > 0 && <Tile name="TCP connections" value={perSecond(numbers.connections)} />}
      {numbers.bytes > 0 && <Tile name="TCP bytes" value={bytesPerSecond(numbers.bytes)} />}
      <Tile
        name="Mutual TLS"
        value={percent(numbers.mtls)}
        tone={numbers.mtls === null || numbers.mtls === 1 ? 'none' : 'warning'}
      />
      {proxies !== undefined && <ProxyTile proxies={proxies} />}
    </dl>
  );
}

function ProxyTile({ proxies: { all, current, rejecting } }: { readonly proxies: ProxyCount }): JSX.Element {
  const tone = rejecting > 0 ? 'bad' : current < all ? 'warning' : 'good';
  return <Tile name="Proxies up to date" value={`${current}/${all}`} tone={all === 0 ? 'none' : tone} />;
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly tone?: string;
}

function Tile({ name, value, tone = 'none' }: TileProps): JSX.Element {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd class={`tone-${tone}`}>{value}</dd>
    </div>
  );
}
