// Why an issuer outside has given no certificate that can be used.

/** The message is a full sentence for the user, and the same for all certificates with the same trouble. */
export class IssuerTrouble extends Error {
  override readonly name = 'IssuerTrouble';
  /** `ClusterIssuer mesh-ca` */
  readonly issuer: string;
  /** Slow: it may still answer. Refused: it has answered. */
  readonly kind: 'Slow' | 'Refused';

  constructor(kind: 'Slow' | 'Refused', issuer: string, message: string) {
    super(message);
    [this.kind, this.issuer] = [kind, issuer];
  }
}

export interface Waiting {
  /** `Secret shop/meshwright-reviews` */
  readonly what: string;
  readonly trouble: IssuerTrouble;
}

/** How many troubles are told at a time. */
const mostTold = 3;

/** Of one round. */
export interface Troubles {
  /** Refused if the issuer refused any. */
  readonly kind: IssuerTrouble['kind'];
  readonly texts: readonly string[];
}

export function troublesOf(waiting: readonly Waiting[]): Troubles | null {
  if (waiting.length === 0) return null;
  const isRefused = waiting.some(({ trouble }) => trouble.kind === 'Refused');
  return { kind: isRefused ? 'Refused' : 'Slow', texts: troubleTexts(waiting) };
}

/** A sentence or two for each trouble, however many certificates have it. */
function troubleTexts(waiting: readonly Waiting[]): readonly string[] {
  const groups = Map.groupBy(waiting, ({ trouble }) => trouble.message);
  const texts = [...groups.values()].map((group) => {
    const { trouble } = group[0] ?? {};
    const names = group.map(({ what }) => what).toSorted();
    const [first = ''] = names;
    const subject =
      names.length === 1
        ? `The certificate in ${first} waits`
        : `${names.length} certificates wait, first that in ${first}`;
    return `${subject}. ${trouble?.message ?? ''}`;
  });
  const sorted = texts.toSorted();
  const more = sorted.length - mostTold;
  return more > 0 ? [...sorted.slice(0, mostTold), `There are ${more} more reasons.`] : sorted;
}
