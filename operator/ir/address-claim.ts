// A Service whose endpoints are at addresses that others have. Not a part of the mesh: it is told to whoever wrote it.

export interface AddressClaim {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Full sentences. */
  readonly message: string;
}
