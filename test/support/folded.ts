// What every connection manager has, folded to a word: so that a golden file shows what its case is about. One case shows it whole.
import {
  connectionLog,
  refusedConnectionLog,
  requestLog,
} from '../../operator/envoy/resources/access-log.ts';
import { downstreamHttp1, http1, http2 } from '../../operator/envoy/resources/http-protocol.ts';
import { disabledFilters } from '../../operator/envoy/resources/http-filters.ts';
import { copyPath, readPath } from '../../operator/envoy/resources/inbound/request-path.ts';
import { inboundFilters } from '../../operator/envoy/resources/inbound/http-filters.ts';
import { refusedPeers } from '../../operator/envoy/resources/inbound/tcp-admission.ts';
import { ejection, errorMatcher } from '../../operator/envoy/resources/outbound/ejection.ts';
import { outboundFilters } from '../../operator/envoy/resources/outbound/http-filters.ts';
import {
  auditStats,
  connectionStats,
  openConnectionStats,
  openRequestStats,
  refusedConnectionStats,
  requestStats,
} from '../../operator/envoy/resources/stats-log.ts';
import {
  askedForEachConnection,
  outbound,
  type Seen,
  type SeenInbound,
} from '../../operator/envoy/resources/vantage.ts';
import { upgradeConfigs } from '../../operator/envoy/resources/upgrades.ts';
import { celText, isCelTree } from './cel-text.ts';
import { sampleDestination, unreachableOnly } from './mesh-samples.ts';

const directions = ['inbound', 'outbound'] as const;
const atAnyPort = (vantage: SeenInbound['vantage']): SeenInbound => ({
  vantage,
  port: askedForEachConnection,
});
const seen: readonly Seen[] = [outbound, atAnyPort('mesh'), atAnyPort('plaintext')];

/** The message as JSON → the word for it. */
const words: ReadonlyMap<string, string> = new Map(
  [
    [downstreamHttp1, '(HTTP/1 of clients)'],
    [http1, '(HTTP/1)'],
    [http2, '(HTTP/2)'],
    [ejection(sampleDestination(), 'HTTP')['outlier_detection'], '(ejection)'],
    [errorMatcher(unreachableOnly)['outlier_detection'], '(unreachable)'],
    [copyPath, '(copies the path)'],
    [readPath, '(reads the path)'],
    ...directions.flatMap((direction) => [
      [connectionLog(direction), `(${direction} connection log)`],
      [refusedConnectionLog(direction), `(${direction} log of refused connections)`],
    ]),
    [refusedPeers, '(peers that are no longer admitted)'],
    ...seen.flatMap((from) => [
      [requestLog(from.vantage), `(${from.vantage} request log)`],
      [requestStats(from), `(${from.vantage} request stats)`],
      [connectionStats(from), `(${from.vantage} connection stats)`],
      [auditStats(from), `(${from.vantage} audit stats)`],
    ]),
    [openConnectionStats(atAnyPort('mesh')), '(mesh stats of open connections)'],
    [openConnectionStats(atAnyPort('plaintext')), '(plaintext stats of open connections)'],
    [openRequestStats(atAnyPort('plaintext')), '(stats of open requests)'],
    [refusedConnectionStats, '(stats of refused connections)'],
  ].map(([message, word]) => [JSON.stringify(message), word as string]),
);

const lists = [
  ['(inbound filters)', disabledFilters(inboundFilters('(port)'))],
  ['(outbound filters)', disabledFilters(outboundFilters)],
  ['(upgrades)', upgradeConfigs],
] as const;

/** Equal but for these. */
export function folded(value: unknown): unknown {
  if (Array.isArray(value)) return foldLists(value).map(folded);
  if (typeof value !== 'object' || value === null) return value;
  if (isCelTree(value)) return celText(value.cel_expr_parsed.expr);
  const word = words.get(ofAnyPort(value));
  return word ?? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, folded(item)]));
}

function foldLists(list: readonly unknown[]): readonly unknown[] {
  for (const [word, items] of lists) {
    for (let at = 0; at + items.length <= list.length; at += 1) {
      const part = list.slice(at, at + items.length);
      if (ofAnyPort(part) === JSON.stringify(items))
        return [...list.slice(0, at), word, ...list.slice(at + items.length)];
    }
  }
  return list;
}

/** As JSON. */
function ofAnyPort(part: unknown): string {
  return JSON.stringify(part)
    .replaceAll(/"inbound\/[0-9]+\/limits"/g, '"inbound/(port)/limits"')
    .replaceAll(
      /("name":"port","value_format":)"[0-9]+"/g,
      (_, name: string) => `${name}"${askedForEachConnection}"`,
    )
    .replaceAll(
      /("value_format":"%[A-Z_]+%\|)[0-9]+(?=[|"])/g,
      (_, source: string) => source + askedForEachConnection,
    );
}
