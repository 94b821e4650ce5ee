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
