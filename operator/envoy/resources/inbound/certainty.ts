// Not everything about a request can be told for certain: a caller may come without an identity, and applications read paths, hosts and headers
// in more than one way. What is doubtful counts against the request: a Deny rule matches what possibly is meant, an Allow rule only what
// certainly is.

export type Certainty = 'possibly' | 'certainly';

/** What is possibly not so is not certainly so. */
export const opposite: Readonly<Record<Certainty, Certainty>> = {
  possibly: 'certainly',
  certainly: 'possibly',
};
