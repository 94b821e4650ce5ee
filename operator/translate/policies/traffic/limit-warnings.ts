// What policies say to the sidecars of servers, and what does not hold at some of them, since several Services lead to one port: there can be
// but one adaptiveConcurrency, and none of it on a port that is TCP.
import { reason } from '../../../conditions/conditions.ts';
import type { LimitsIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { type Origin, originKey } from '../../../ir/origin.ts';
import { append } from '../../../values/labels.ts';
import { isSameValue } from '../../../values/same-value.ts';
import type { ServedPorts } from '../../facts/served-ports.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import type { LimitsByPort } from './traffic.ts';
import type { Warnings } from './warnings.ts';

/** The same object as in the batch before while there is the same to say. */
export function createLimitWarner(): (
  limits: LimitsByPort,
  served: ServedPorts,
  workloads: readonly WorkloadIr[],
) => Warnings {
  let last: Warnings = {};
  return (limits, served, workloads) => {
    const found = limits.size === 0 ? {} : limitWarnings(limits, served, workloads);
    if (!isSameValue(last, found)) last = found;
    return last;
  };
}

/** What a Service port leads to says about it. */
interface Said {
  readonly port: string;
  readonly limits: LimitsIr;
}

function limitWarnings(
  limits: LimitsByPort,
  served: ServedPorts,
  workloads: readonly WorkloadIr[],
): Warnings {
  const messages = new Map<string, Set<string>>();
  for (const { key, inbound } of workloads) {
    const ports = served.get(key);
    for (const { port, protocol } of inbound) {
      const said = (ports?.get(port)?.servicePorts ?? []).flatMap((one): Said[] => {
        const found = limits.get(one);
        return found === undefined ? [] : [{ port: one, limits: found }];
      });
      const lost = protocol === 'TCP' ? said.flatMap((one) => lostOnTcp(one, port)) : lostToOthers(said);
      for (const [by, message] of lost) messages.set(by, (messages.get(by) ?? new Set()).add(message));
    }
  }
  const problems = [...messages].map(([by, texts]): readonly [string, readonly Problem[]] => [
    by,
    [...texts].map((message) => ({ reason: reason.limitsWithoutEffect, message })),
  ]);
  return Object.fromEntries(problems);
}

/** Key of the policy, and what it is told. */
type Lost = readonly [by: string, message: string];

/** Of each policy: all that it says there. */
function lostOnTcp({ port, limits }: Said, number: number): readonly Lost[] {
  const fields = new Map<string, string[]>();
  for (const [slot, origin] of Object.entries(limits.setBy)) append(fields, originKey(origin), fieldOf(slot));
  return [...fields].map(([by, names]) => [
    by,
    `${listed([...new Set(names)])} of ${port} cannot apply to port ${number} of some workloads, because an ExternalWorkload or another Service declares it as TCP. Declare the same appProtocol everywhere.`,
  ]);
}

const single = ['adaptiveConcurrency', 'admissionControl'] as const;

/** The first Service that says something decides. */
function lostToOthers(said: readonly Said[]): readonly Lost[] {
  return single.flatMap((field) => {
    const [winner, ...others] = said.flatMap(({ port, limits }) => {
      const by = limits[field] === null ? undefined : limits.setBy[field];
      return by === undefined ? [] : [{ port, by }];
    });
    if (winner === undefined) return [];
    return others
      .filter(({ by }) => originKey(by) !== originKey(winner.by))
      .map(({ port, by }): Lost => [originKey(by), lostTo(field, port, winner)]);
  });
}

function lostTo(field: string, port: string, winner: { readonly port: string; readonly by: Origin }): string {
  const { kind, namespace, name } = winner.by;
  return `${field} of ${port} does not apply to workloads whose port ${winner.port} leads to as well, because ${kind} ${namespace}/${name} sets it there. Set it in one of the two policies only.`;
}

/** As users write it. */
function fieldOf(slot: string): string {
  return slot.replace(/\[.*/, '');
}
