// Envoy asks for virtual hosts once a stream, and has no place for those of a route configuration that it does not have: it
// drops them, though it acknowledges them. So whenever it is sent a route configuration that it may not have, all the
// virtual hosts of that one follow, whatever their versions. Pure.
import { typeUrl as url } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers } from './subscription.ts';
import { stackOf } from './view.ts';
import { clientHas, note, withType, type ClientHas, type Session, type TypeState } from './state.ts';

/** `hosts`: after the first request for them. Their route configuration may just have been sent as one that is new to the client. */
export function resendReturningHosts(session: Session, hosts: TypeState, kept: Iterable<string>): TypeState {
  const routes = session.types.get(url.route);
  const sent = routes?.inFlight?.sent;
  if (routes === undefined || sent === undefined) return hosts;
  const isNew = (table: string): boolean =>
    Boolean(sent.get(table)) && clientHas(routes, table).version === null;
  return resend(hosts, (name) => isNew(tableOf(name)), kept);
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
  const published = stackOf(after.view, url.virtualHost).flatMap(({ entries }) => [...entries.keys()]);
  const resent = resend(hosts, (name) => tables.has(tableOf(name)), published);
  // Envoy waits for an answer, be it an empty one, before it uses the new table.
  return withType(after, url.virtualHost, { ...resent, answered: false });
}

/** The client may have lost them. */
function resend(
  hosts: TypeState,
  follows: (name: string) => boolean,
  candidates: Iterable<string>,
): TypeState {
  const names = [...candidates].filter((name) => follows(name) && covers(hosts.subscription, name));
  if (names.length === 0) return hosts;
  const doubtful = names.flatMap((name): [string, ClientHas][] => {
    const present = clientHas(hosts, name);
    return present.version === null ? [] : [[name, { ...present, certain: false }]];
  });
  return { ...note(hosts, doubtful), asked: new Set([...hosts.asked, ...names]) };
}

/** Virtual hosts are named `<route configuration>/<name>`. */
function tableOf(host: string): string {
  return host.slice(0, host.lastIndexOf('/'));
}
