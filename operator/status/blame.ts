// Which object a refused resource comes from, and where in it: the part of `Fix ...` that names it. Pure, and only read once
// something is refused. Entry: toFix.
import { originKey, type Origin } from '../ir/origin.ts';
import type { RejectedResource } from '../xds/session/proxy-report.ts';
import { namedIn, quotedIn } from './quotations.ts';
import {
  entriesOf,
  type EntryList,
  placeIn,
  type SpecEntry,
  type Specified,
  textsIn,
} from './spec-entries.ts';
import { isSuspect, objectName } from './suspects.ts';

/** The object at the generation that an origin names; undefined: it is another one by now, or gone. */
export type SpecifiedOf = (origin: Origin) => Specified | undefined;

export type Refused = Pick<RejectedResource, 'name' | 'message' | 'origins'>;

/** How many objects, and how many places of each, are named. */
const mostToFix = 3;

/**
 * `spec.routes[1] (route "canary") of this object, or TrafficPolicy shop/reviews`: what the refusal quotes; where it quotes
 * nothing, all that shaped the resource. `self`: the object whose status says so; null: none of those that shaped it.
 */
export function toFix(refused: Refused, self: Origin | null, specifiedOf: SpecifiedOf): string {
  const suspects = suspectsIn(refused, self, specifiedOf);
  const quoted = suspects.filter(({ isQuoted }) => isQuoted);
  const named = (quoted.length > 0 ? quoted : suspects).slice(0, mostToFix);
  if (named.length === 0) return 'the Mesh';
  const isAlone = named.length === 1;
  const texts = named.map(({ title, isSelf, places }) => {
    if (places.length === 0) return title;
    return isAlone && isSelf ? either(places) : `${either(places)} of ${title}`;
  });
  return texts.join(named.some(({ places }) => places.length > 0) ? ', or ' : ' or ');
}

interface Suspect extends Places {
  readonly title: string;
  readonly isSelf: boolean;
}

function suspectsIn(refused: Refused, self: Origin | null, specifiedOf: SpecifiedOf): readonly Suspect[] {
  const selfKey = self === null ? null : originKey(self);
  const others = refused.origins.filter((origin) => originKey(origin) !== selfKey && isSuspect(origin));
  // At the generation that the resource was made from.
  const itself = refused.origins.find((origin) => originKey(origin) === selfKey) ?? self;
  return [...(itself === null ? [] : [itself]), ...others].map((origin) => {
    const isSelf = origin === itself;
    const title = isSelf ? 'this object' : objectName(origin);
    return { title, isSelf, ...placesIn(specifiedOf(origin), refused) };
  });
}

/** `a, b or 3 more`. */
function either(places: readonly string[]): string {
  const named = places.slice(0, mostToFix);
  const all = places.length > mostToFix ? [...named, `${places.length - mostToFix} more`] : named;
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1) ?? ''}`;
}

interface Places {
  readonly places: readonly string[];
  /** The refusal quotes them; else they are all that can have made the resource. */
  readonly isQuoted: boolean;
}

function placesIn(object: Specified | undefined, refused: Refused): Places {
  if (object === undefined) return { places: [], isQuoted: false };
  const entries = entriesOf(object.spec);
  const quoted = quotedPlaces(object, entries, refused);
  if (quoted.length > 0) return { places: quoted, isQuoted: true };
  const made = entries.filter((entry) => isPartOf[entry.list](refused.name, entry));
  return { places: made.map((entry) => placeIn(entry, entry.path)), isQuoted: false };
}

function quotedPlaces(object: Specified, entries: readonly SpecEntry[], refused: Refused): readonly string[] {
  // The name of the resource is no quotation of what is in it.
  const message = refused.message.replaceAll(refused.name, '');
  const isQuoted = quotedIn(message);
  const isNamed = namedIn(message);
  return entries.flatMap((entry) => {
    const texts = textsIn(entry).filter(isQuoted);
    if (texts.length > 0) return texts.map(({ path }) => placeIn(entry, path));
    return entry.list === 'rules' && isNamed(ruleId(object, entry)) ? [placeIn(entry, entry.path)] : [];
  });
}

/** Proxies know a rule as `shop/reviews/no-qa`. */
function ruleId({ metadata: { namespace = '', name } }: Specified, { content }: SpecEntry): string {
  return `${namespace}/${name}/${String(content['name'])}`;
}

/** Whether an entry has a part in a resource of this name: envoy/resources makes the names. */
const isPartOf: Readonly<Record<EntryList, (resource: string, entry: SpecEntry) => boolean>> = {
  routes: (resource) => resource.startsWith('outbound/'),
  subsets: (resource, { content }) =>
    // `v1@qa`: of a consumer policy.
    resource.split('/').length === 4 && lastOf(resource).replace(/@.*/, '') === content['name'],
  rules: (resource) => resource.startsWith('inbound'),
  ports: (resource, { content: { port } }) =>
    resource.startsWith('inbound/') && resource.split('/').includes(String(port)),
  outbound: (resource, { content: { bindAddress, bindPort } }) =>
    resource === `local/${String(bindAddress)}/${String(bindPort)}`,
};

function lastOf(resource: string): string {
  return resource.slice(resource.lastIndexOf('/') + 1);
}
