// When ports become Strict that accept plaintext: the leader decides it by what sidecars report, and stores it.
import type { ConfigMap, Pod } from '../objects/objects.ts';
import { StrictWatch } from '../transition/strict-watch.ts';
import { storedPlacesIn } from '../transition/stored-places.ts';
import { rememberEach, rememberLast } from '../values/remember.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

function isRunning({ status }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** Pods that have the address of their node are told as the node. */
const namesByAddress = rememberEach((pods: readonly Pod[]): ReadonlyMap<string, string> => {
  return new Map(
    pods.filter(isRunning).flatMap(({ metadata, spec, status }) => {
      const pod = `Pod ${metadata.namespace ?? ''}/${metadata.name}`;
      const name = spec.hostNetwork === true ? `Node ${spec.nodeName ?? ''}` : pod;
      return (status?.podIPs ?? []).map(({ ip }) => [ip, name] as const);
    }),
  );
});

function nameOf(address: string, pods: readonly Pod[]): string {
  const name = namesByAddress(pods).get(address);
  return name === undefined ? address : `${name} (${address})`;
}

const none: readonly ConfigMap[] = [];

type Cells = Reads<'resources' | 'translation' | 'observations'> & Writes<'strictReports'>;

export interface StrictTransitionsContext extends Pick<Context, 'clock' | 'log'> {
  readonly platform: Pick<Context['platform'], 'configMaps'>;
}

export function createStrictTransitions(
  { resources, translation, observations, strictReports }: Cells,
  { clock, log, platform }: StrictTransitionsContext,
): Made {
  const storedIn = rememberLast(storedPlacesIn);
  const watch = new StrictWatch({
    configMaps: platform.configMaps,
    observations: () => observations.get(),
    nameOf: (address) => nameOf(address, resources.get()?.pods ?? []),
    clock,
    log,
    onReports: (reports) => strictReports.set(reports),
  });
  translation.subscribe(() => {
    const { ir, mtlsPlaces } = translation.get();
    // Without a Mesh, proxies keep what they have.
    if (ir !== null) watch.set(mtlsPlaces, storedIn(resources.get()?.configMaps ?? none));
  });
  return { leaderCallbacks: watch };
}
