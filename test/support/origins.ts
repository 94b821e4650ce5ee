// Origins as one line, the way goldens write them: `TrafficPolicy/shop/reviews@4`.
import { type Origin, parseOrigin } from '../../operator/ir/origin.ts';

export { originText as originLine } from '../../operator/ir/origin.ts';

/** Throws on a text that is not an origin. */
export function originOf(text: string): Origin {
  const origin = parseOrigin(text);
  if (origin === null) throw new Error(`not an origin: ${text}`);
  return origin;
}

export function isOrigin(value: object): value is Origin {
  return Object.keys(value).toSorted().join(' ') === 'generation kind name namespace';
}
