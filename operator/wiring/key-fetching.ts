// Keys of issuers that policies name by URI: the leader fetches and stores them; they come back among the resources.
import { createDiscoveringFetch } from '../jwks/discovering-fetch.ts';
import { rangeOf } from '../jwks/fetch-address.ts';
import { createKeySetFetch } from '../jwks/fetch-key-set.ts';
import { KeyFetcher } from '../jwks/fetcher.ts';
import { storedKeysIn } from '../jwks/stored-keys.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'resources' | 'translation'> & Writes<'keyReports'>;

export interface KeyFetchingContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'configMaps'>;
  readonly settings: Pick<Context['settings'], 'jwksAllowAddresses'>;
  readonly metrics: Pick<Context['metrics'], 'keysFetched' | 'keysAge'>;
}

export function createKeyFetching(
  { resources, translation, keyReports }: Cells,
  { clock, log, platform, settings, metrics }: KeyFetchingContext,
): Made {
  const fetcher = new KeyFetcher({
    fetch: createDiscoveringFetch(
      createKeySetFetch({ allowed: settings.jwksAllowAddresses.map(rangeOf), clock }),
    ),
    configMaps: platform.configMaps,
    clock,
    random: Math.random,
    log,
    onFetched: (result) => metrics.keysFetched(result),
    onReports: (reports) => {
      metrics.keysAge(reports);
      keyReports.set(reports);
    },
  });
  translation.subscribe(() =>
    fetcher.set(translation.get().keySources, storedKeysIn(resources.get()?.configMaps ?? [])),
  );
  return { leaderCallbacks: fetcher };
}
