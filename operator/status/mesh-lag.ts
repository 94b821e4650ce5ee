// Which proxies do not obey the Mesh. It shapes nearly everything, so what becomes of other objects must not count against
// it: a proxy obeys it when what it runs is made with this generation of the Mesh, whatever else is to change there. Pure.
import { originKey, type Origin } from '../ir/origin.ts';
import type { LaggingResource, ProxyReport } from '../xds/session/proxy-report.ts';
import { type Lag, lagByObject, noLag } from './lag.ts';
import { isSuspect } from './suspects.ts';

/** `mesh`: at the generation that is to be obeyed. */
export function meshLag(mesh: Origin, proxies: readonly ProxyReport[], now: Date): Lag {
  const behind = proxies.filter(({ lagging, former }) => lagging.length + former.length > 0);
  const relevant = behind.map((proxy) => aboutMesh(mesh, proxy));
  return lagByObject(relevant, now).get(originKey(mesh)) ?? noLag;
}

function aboutMesh(mesh: Origin, proxy: ProxyReport): ProxyReport {
  const key = originKey(mesh);
  const generationIn = (origins: readonly Origin[] | null): number | undefined =>
    origins?.find((origin) => originKey(origin) === key)?.generation;
  const obeying = new Set(
    proxy.former.filter(({ origins }) => generationIn(origins) === mesh.generation).map(resourceKey),
  );
  // Another object made it be refused.
  const excused = new Set(proxy.rejected.filter(({ origins }) => origins.some(isSuspect)).map(resourceKey));
  const isCounted = (resource: LaggingResource): boolean => {
    const it = resourceKey(resource);
    return !obeying.has(it) && !excused.has(it);
  };
  return {
    ...proxy,
    lagging: proxy.lagging.filter(isCounted),
    rejected: proxy.rejected.filter(isCounted),
    former: proxy.former.filter(({ origins }) => {
      const generation = generationIn(origins);
      return generation !== undefined && generation !== mesh.generation;
    }),
  };
}

function resourceKey({ typeUrl, name }: Pick<LaggingResource, 'typeUrl' | 'name'>): string {
  return `${typeUrl} ${name}`;
}
