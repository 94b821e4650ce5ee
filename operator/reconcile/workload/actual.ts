// What a workload has of ours at this moment, and who else writes its template. Entry: describeActual. Pure.
import { ownAnnotations } from '../../infra/patches.ts';
import { fingerprint } from '../../values/fingerprint.ts';
import { ownContainers } from '../../infra/pod-names.ts';
import { certificateVolume } from '../../values/pod-certificates.ts';
import {
  fieldManager,
  injectedKey,
  optOutLabel,
  restartedKey,
  revisionLabel,
} from '../../values/own-names.ts';
import type { FieldManager, LiveWorkload } from '../../ports/workload-port.ts';

export interface Actual {
  /** Of the annotation on the template; undefined: it has none, or not of our making. */
  readonly fingerprints: { readonly settings: string; readonly rendering: string } | undefined;
  /** Both containers and the volume, the containers before all of the user's. */
  readonly isWhole: boolean;
  readonly isFirst: boolean;
  /** Anything of ours, were it the label alone. */
  readonly hasAny: boolean;
  readonly isLabelled: boolean;
  /** The annotation of the template: see restartedKey. */
  readonly restarted: string | undefined;
  /** The label of the template: see optOutLabel. */
  readonly optOut: string | undefined;
  /** Our names on things that are not ours. */
  readonly foreignNames: readonly string[];
  readonly userInitContainers: readonly string[];
  /** We co-own a container or a volume of the user's: left over from the first of two writes. */
  readonly ownsForeign: boolean;
  /** Nobody wrote the template after us. */
  readonly isLastWriter: boolean;
  /** Who else is known to have written the template, sorted. Not all that did are: a replacement leaves no trace. */
  readonly otherManagers: readonly string[];
  /** Of the template without our part: the same for as long as the user wants the same. */
  readonly userTemplate: string;
}

export function describeActual(live: LiveWorkload): Actual {
  const { spec, annotations } = live.template;
  const initContainers = (spec.initContainers ?? []).map(({ name }) => name);
  const volumes = (spec.volumes ?? []).map(({ name }) => name);
  const foreignNames = findForeign(live, initContainers, volumes);
  const ours = ownContainers.filter((name) => initContainers.includes(name));
  const isLabelled = live.labels[injectedKey] !== undefined;
  const fingerprints = readFingerprints(annotations[injectedKey]);
  return {
    fingerprints,
    isWhole: ours.length === ownContainers.length && volumes.includes(certificateVolume),
    isFirst: ownContainers.every((name, index) => initContainers[index] === name),
    hasAny:
      foreignNames.length === 0 &&
      (ours.length > 0 || volumes.includes(certificateVolume) || isLabelled || injectedKey in annotations),
    isLabelled,
    restarted: annotations[restartedKey],
    optOut: live.template.labels[optOutLabel],
    foreignNames,
    userInitContainers: initContainers.filter((name) => !ownContainers.includes(name)),
    ...describeManagers(live),
    userTemplate: fingerprint(withoutOurs(live)),
  };
}

/**
 * A name is ours if we own it, or if the template says that it was injected (an undone rollout and a replayed export
 * bring our part back in somebody else's name).
 */
function findForeign(
  live: LiveWorkload,
  initContainers: readonly string[],
  volumes: readonly string[],
): readonly string[] {
  const inContainers = new Set(live.template.spec.containers.map(({ name }) => name));
  const reserved = ownContainers.filter((name) => inContainers.has(name));
  if (live.template.annotations[injectedKey] !== undefined || live.labels[injectedKey] !== undefined)
    return reserved;
  const owned = new Set(live.managers.filter(isOurs).flatMap(ownedNames));
  const named = [
    ...ownContainers.filter((name) => initContainers.includes(name)),
    ...[certificateVolume].filter((name) => volumes.includes(name)),
  ];
  return [...reserved, ...named.filter((name) => !owned.has(name))];
}

function describeManagers({
  managers,
}: LiveWorkload): Pick<Actual, 'ownsForeign' | 'isLastWriter' | 'otherManagers'> {
  const ours = managers.filter(isOurs);
  const others = managers.filter((manager) => !isOurs(manager) && manager.templateFields !== undefined);
  const reserved = new Set([...ownContainers, certificateVolume]);
  const writtenAt = Math.max(...ours.map(({ timeMs }) => timeMs));
  return {
    ownsForeign: ours.flatMap(ownedNames).some((name) => !reserved.has(name)),
    isLastWriter: ours.length > 0 && others.every(({ timeMs }) => timeMs <= writtenAt),
    otherManagers: [...new Set(others.map(({ name }) => name))].toSorted(),
  };
}

function isOurs({ name, operation, subresource }: FieldManager): boolean {
  return name === fieldManager && operation === 'Apply' && subresource === '';
}

/** Of the init containers and volumes whose keys it owns: `k:{"name":"mw-init"}`. */
function ownedNames({ templateFields }: FieldManager): readonly string[] {
  const spec = member(templateFields, 'f:spec');
  return ['f:initContainers', 'f:volumes'].flatMap((list) =>
    Object.keys(objectOf(member(spec, list))).flatMap((key) => {
      const name = /^k:\{"name":"(.*)"\}$/.exec(key)?.[1];
      return name === undefined ? [] : [name];
    }),
  );
}

function withoutOurs({ template: { labels, annotations, spec } }: LiveWorkload): unknown {
  const { [revisionLabel]: _, ...otherLabels } = labels;
  const others = Object.entries(annotations).filter(
    ([key]) => !ownAnnotations.includes(key) && key !== restartedKey,
  );
  return {
    labels: otherLabels,
    annotations: Object.fromEntries(others),
    spec: {
      ...spec,
      initContainers: (spec.initContainers ?? []).filter(({ name }) => !ownContainers.includes(name)),
      volumes: (spec.volumes ?? []).filter(({ name }) => name !== certificateVolume),
    },
  };
}

function readFingerprints(annotation: string | undefined): Actual['fingerprints'] {
  const [, settings, rendering] = /^([0-9a-f]+)\.([0-9a-f]+)$/.exec(annotation ?? '') ?? [];
  return settings === undefined || rendering === undefined ? undefined : { settings, rendering };
}

function member(value: unknown, key: string): unknown {
  return objectOf(value)[key];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
