// Where something came from: the object that asked for it. Everything produced carries its origins, so that a
// NACK or an acknowledgement finds its way back to a status.

export interface Origin {
  readonly kind: string;
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** metadata.generation of the object this was made from. */
  readonly generation: number;
}

/** `TrafficPolicy/shop/reviews`: the object, whatever its generation. */
export function originKey(origin: Omit<Origin, 'generation'>): string {
  return `${origin.kind}/${origin.namespace}/${origin.name}`;
}

/** `TrafficPolicy/shop/reviews@4`: names of Kubernetes objects have neither slash nor at sign. */
export function originText(origin: Origin): string {
  return `${originKey(origin)}@${origin.generation}`;
}

const originPattern = /^(\w+)\/([^/]*)\/([^@]+)@(\d+)$/;

/** null: it is not the text of an origin. */
export function parseOrigin(text: string): Origin | null {
  const found = originPattern.exec(text);
  if (found === null) return null;
  const [, kind = '', namespace = '', name = '', generation] = found;
  return { kind, namespace, name, generation: Number(generation) };
}
