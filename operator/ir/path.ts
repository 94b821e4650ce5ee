// Paths of requests: the same for routes and for authorization rules.

export interface PathMatchIr {
  /**
   * Exact: the same path. PathPrefix: the path and everything below it, `/a` and `/a/b` for `/a`; the value has no slash at
   * its end unless it is `/`. RegularExpression: RE2, on the whole path. The query is never a part of it.
   */
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression';
  readonly value: string;
}
