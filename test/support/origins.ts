// Origins as one line, the way goldens write them: `TrafficPolicy/shop/reviews@4`.
import { originKey, type Origin } from '../../operator/ir/origin.ts';

const pattern = /^(\w+)\/([^/]*)\/([^@]+)@(\d+)$/;

export function originLine(origin: Origin): string {
  return `${originKey(origin)}@${origin.generation}`;
}

/** Throws on a text that is not an origin. */
export function originOf(text: string): Origin {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`not an origin: ${text}`);
  const [, kind = '', namespace = '', name = '', generation] = found;
  return { kind, namespace, name, generation: Number(generation) };
}

export function isOrigin(value: object): value is Origin {
  return Object.keys(value).toSorted().join(' ') === 'generation kind name namespace';
}
