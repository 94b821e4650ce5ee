// Envoy asks for virtual hosts once a stream, and has no place for those of a route configuration that it does not have: it
// drops them, though it acknowledges them. So whenever it is sent a route configuration that it may not have, all the
// virtual hosts of that one follow, whatever their versions. Pure.
import { typeUrl as url } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers } from './subscription.ts';
import { entriesOf, lookup, stackOf } from './view.ts';
import { clientHas, withType, type Session } from './state.ts';

/** Versions of virtual hosts from an earlier stream, without those of route configurations that are new to the client. */
export function withoutNewTables(
  session: Session,
  versions: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const routes = session.types.get(url.route);
  const sent = routes?.inFlight?.sent;
  if (routes === undefined || sent === undefined) return versions;
  const isNew = (table: string): boolean =>
    Boolean(sent.get(table)) && clientHas(routes, table).version === null;
  const hosts = stackOf(session.view, url.virtualHost);
  // What is gone is to be told so nevertheless.
  const isToFollow = (name: string): boolean => isNew(tableOf(name)) && lookup(hosts, name) !== undefined;
  return new Map([...versions].filter(([name]) => !isToFollow(name)));
}

/** Virtual hosts are named `<route configuration>/<name>`. */
function tableOf(host: string): string {
  return host.slice(0, host.lastIndexOf('/'));
}

/** `before`: as the route configurations `sent` were sent. The same session if no virtual hosts have to follow. */
export function resendVirtualHosts(before: Session, after: Session, sent: readonly Entry[]): Session {
  const hosts = after.types.get(url.virtualHost);
  const routes = before.types.get(url.route);
  if (hosts === undefined || routes === undefined) return after;
  const isNew = ({ name }: Entry): boolean =>
    routes.asked.has(name) || clientHas(routes, name).version === null;
  const tables = new Set(sent.filter(isNew).map(({ name }) => name));
  if (tables.size === 0) return after;
  const again = new Set(hosts.asked);
  for (const { name } of entriesOf(stackOf(after.view, url.virtualHost))) {
    if (tables.has(tableOf(name)) && covers(hosts.subscription, name)) again.add(name);
  }
  return again.size === hosts.asked.size
    ? after
    : withType(after, url.virtualHost, { ...hosts, asked: again });
}
