// What the status of a CertificateRequest means. Pure. Entry: verdictOf.
import type { RequestAnswer } from '../../ports/certificate-request-port.ts';

export type RequestVerdict =
  | { readonly type: 'Issued' }
  /** why: the end of a sentence, with the words of the issuer, without a full stop. */
  | { readonly type: 'Pending'; readonly why: string }
  | { readonly type: 'Refused'; readonly why: string };

const refusals = [
  ['Denied', 'the request was denied'],
  ['InvalidRequest', 'the request is invalid'],
] as const;

/** Reasons of Ready after which nothing more comes. */
const ends: ReadonlyMap<string, string> = new Map([
  ['Denied', 'the request was denied'],
  ['Failed', 'the request failed'],
]);

/** @see https://cert-manager.io/docs/usage/certificaterequest/#conditions */
export function verdictOf({ conditions, certificate }: RequestAnswer): RequestVerdict {
  const find = (type: string): RequestAnswer['conditions'][number] | undefined =>
    conditions.find((it) => it.type === type);
  const isTrue = (type: string): boolean => find(type)?.status === 'True';
  const ready = find('Ready');
  for (const [type, what] of refusals) {
    if (isTrue(type)) return { type: 'Refused', why: `${what}${wordsOf(find(type))}` };
  }
  const ended = ready?.status === 'False' ? ends.get(ready.reason) : undefined;
  if (ended !== undefined) return { type: 'Refused', why: `${ended}${wordsOf(ready)}` };
  if (isTrue('Ready') && certificate !== '') return { type: 'Issued' };
  if (ready !== undefined) return { type: 'Pending', why: `the request is pending${wordsOf(ready)}` };
  const why = isTrue('Approved') ? 'the request has no answer yet' : 'the request is not approved yet';
  return { type: 'Pending', why };
}

/** An issuer may write anything. */
const mostWords = 300;

function wordsOf(condition: { readonly message: string } | undefined): string {
  const words = (condition?.message ?? '').replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
  if (words === '') return '';
  return `: ${words.length > mostWords ? `${words.slice(0, mostWords)}…` : words}`;
}
