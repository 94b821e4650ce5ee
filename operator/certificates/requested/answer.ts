// What the status of a CertificateRequest means. Pure. Entry: verdictOf.
import type { RequestAnswer } from '../../ports/certificate-request-port.ts';

export type RequestVerdict =
  | { readonly type: 'Issued' }
  /** why: the end of a sentence, with the words of the issuer, without a full stop. */
  | { readonly type: 'Pending'; readonly why: string }
  | { readonly type: 'Refused'; readonly why: string };

/** @see https://cert-manager.io/docs/usage/certificaterequest/#conditions */
export function verdictOf({ conditions, certificate }: RequestAnswer): RequestVerdict {
  const find = (type: string): RequestAnswer['conditions'][number] | undefined =>
    conditions.find((it) => it.type === type);
  const isTrue = (type: string): boolean => find(type)?.status === 'True';
  const ready = find('Ready');
  if (isTrue('Denied')) return { type: 'Refused', why: `the request was denied${wordsOf(find('Denied'))}` };
  if (isTrue('InvalidRequest'))
    return { type: 'Refused', why: `the request is invalid${wordsOf(find('InvalidRequest'))}` };
  if (ready?.status === 'False' && ready.reason === 'Denied')
    return { type: 'Refused', why: `the request was denied${wordsOf(ready)}` };
  if (ready?.status === 'False' && ready.reason === 'Failed')
    return { type: 'Refused', why: `the request failed${wordsOf(ready)}` };
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
