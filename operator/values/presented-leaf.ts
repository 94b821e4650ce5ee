// What an operator remembers of the certificate that a proxy showed on its connection.

export interface PresentedLeaf {
  /** Id of the root that signed it, or of the intermediate that did. */
  readonly root: string;
  /** In ms since 1970, whole seconds. */
  readonly issuedMs: number;
}
