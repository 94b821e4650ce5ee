// What pod template annotations add to the exclusions of the Mesh. Entry: readExclusions. Pure.
import { ipNetwork } from '../../../api/schema.ts';
import { exclusionKeys as annotation } from '../../infra/exclusion-keys.ts';

export interface Exclusions {
  readonly inboundPorts: readonly number[];
  readonly outboundPorts: readonly number[];
  readonly outboundCidrs: readonly string[];
}

/** A sentence instead, if an annotation cannot be read. */
export function readExclusions(annotations: Readonly<Record<string, string>>): Exclusions | string {
  const inbound = items(annotations[annotation.inboundPorts]);
  const outbound = items(annotations[annotation.outboundPorts]);
  const outboundCidrs = items(annotations[annotation.outboundCidrs]);
  if (!inbound.every(isPort)) return portAdvice(annotation.inboundPorts);
  if (!outbound.every(isPort)) return portAdvice(annotation.outboundPorts);
  if (!outboundCidrs.every((text) => ipNetwork.pattern.test(text)))
    return `The pod template annotation ${annotation.outboundCidrs} is not valid. Write networks separated by commas, for example 10.20.0.0/16,fd00:20::/64.`;
  return { inboundPorts: inbound.map(Number), outboundPorts: outbound.map(Number), outboundCidrs };
}

function items(text = ''): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isPort(text: string): boolean {
  return /^[0-9]{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function portAdvice(key: string): string {
  return `The pod template annotation ${key} is not valid. Write port numbers separated by commas, for example 9000,9001.`;
}
